// The way of a price with Kafka in the middle: the same page as pipeline.cc, with the topic between source and bronze.
//
//   source      as without a broker                                                                    (source/)
//   spool       each batch durable until the broker has acknowledged its records                       (kafka/spool)
//   topic       idempotent, acks=all, keyed by coin                                                    (kafka/producer)
//   topic       records, partition by partition, each batch with the offset that follows it            (kafka/reader)
//   bronze      the position `bronze/<topic identity>/<partition>` is in the commit of the rows         (lake/bronze)
//   marks       what is no message, on a topic of its own, beside the messages, into quarantine and gaps  (kafka/mark_sender, lake/marks)
//   dead        what bronze or silver rejects, before the position moves past it; if asked for          (kafka/dead_letters)
//   ...         silver and gold as without a broker
//   topic       the group's offsets follow bronze's commits, so that lag shows in the usual tools
#include <fmt/format.h>

#include "base/log.h"
#include "kafka/consumer.h"
#include "kafka/dead_letters.h"
#include "kafka/producer.h"
#include "query/lake_views.h"
#include "run/lake_run.h"
#include "run/pipeline_parts.h"
#include "run/sink_run.h"
#include "run/taken.h"
#include "source/coingecko.h"

namespace cryptostream {
namespace {

constexpr std::chrono::milliseconds kPollInterval{250};
constexpr std::chrono::seconds kMarksPause{30};

// Bronze's newest record of a partition below `next`. Its offset first: that needs narrow columns only, whatever bronze's size, and the record
// itself is then in one file.
Result<std::optional<StoredRecord>> LastRecord(Lake& lake, const std::string& topic, std::int32_t partition, std::int64_t next) {
  PinnedView view{"bronze", &BronzeLayout(), lake.bronze().snapshot(), lake.bronze().root_path()};
  CS_ASSIGN(auto duck, OpenPinnedViews(lake.options().root, {view}));
  const QueryLimits patient{.timeout = std::chrono::minutes(30)};
  const std::string of_partition = " from bronze where topic = $1 and \"partition\" = $2 and \"offset\" ";
  CS_ASSIGN(SqlRows newest,
            duck->Query("select max(\"offset\")" + of_partition + "< $3", {topic, std::int64_t{partition}, next}, patient));
  if (IsSqlNull(newest.rows.front()[0])) return std::nullopt;
  StoredRecord record;
  record.offset = std::get<std::int64_t>(newest.rows.front()[0]);
  CS_ASSIGN(SqlRows found, duck->Query("select key, value" + of_partition + "= $3 limit 1",
                                       {topic, std::int64_t{partition}, record.offset}, patient));
  const auto& row = found.rows.front();
  if (!IsSqlNull(row[0])) record.key = std::get<std::string>(row[0]);
  record.value = std::get<std::string>(row[1]);
  return record;
}

void PlayTopic(LakeRun& run, std::shared_ptr<TopicConsumer> consumer, LakeRun::Role role) {
  run.PlayInput("topic", role, [&run, consumer = std::move(consumer)](StopToken stop) {
    ConsumerHooks hooks;
    hooks.positions = [&] { return run.PositionsOf("bronze/"); };
    hooks.last_record = [&](const std::string& topic, std::int32_t partition, std::int64_t next) {
      return LastRecord(run.lake(), topic, partition, next);
    };
    hooks.push = [&, stop](RawBatch batch) { return run.engine().Push(std::move(batch), stop); };
    hooks.report = [&](const SourceReport& report) { run.Tell(report); };
    return consumer->Run(hooks, stop);
  });
}

// Position ids of marks as a TopicConsumer has them, whose topics are bronze's.
constexpr std::string_view kTopicPosition = "bronze/";

// Marks beside the messages, from a topic of their own into quarantine and gaps. Whatever is wrong with that topic is said, what it has lost
// becomes a row of gaps, and the messages go on.
void PlayMarks(LakeRun& run, const Config& config, bool until_end) {
  ConsumerOptions options{config.kafka, until_end, true};
  options.kafka.topic = MarksTopicOf(config.kafka);
  options.kafka.accept_data_loss = true;
  MarkIntake& intake = run.marks();
  run.PlayInput("topic of marks", LakeRun::Role::kExtra, [&intake, options](StopToken stop) -> Status {
    CS_ASSIGN(auto consumer, TopicConsumer::Create(options, MachineClock()));
    ConsumerHooks hooks;
    hooks.positions = [&intake]() -> Result<BronzePositions> {
      CS_ASSIGN(auto known, intake.TopicPositions());
      BronzePositions positions;
      for (const auto& [place, next] : known) positions[std::string(kTopicPosition) + place] = next;
      return positions;
    };
    hooks.last_record = [](const std::string&, std::int32_t, std::int64_t) { return std::nullopt; };
    hooks.push = [&intake, stop](RawBatch batch) {
      batch.position_id.replace(0, kTopicPosition.size(), kMarkPosition);
      std::map<std::string, std::int64_t> begins;
      for (const auto& [id, position] : std::exchange(batch.begins, {})) {
        begins[std::string(kMarkPosition) + id.substr(kTopicPosition.size())] = position;
      }
      batch.begins = std::move(begins);
      return intake.Push(std::move(batch), stop);
    };
    std::string said;
    while (true) {
      Status ended = consumer->Run(hooks, stop);
      if (ended || stop.stop_requested()) return {};
      if (said != ended.error().message) {
        LogWarn(
            "kafka: rejected bodies and gaps of the producer are not read, messages are; tried again every {} s: topic={} "
            "reason={}",
            kMarksPause.count(), options.kafka.topic, ended.error().message);
      }
      said = ended.error().message;
      if (options.until_end) return {};
      SleepFor(stop, kMarksPause);
    }
  });
}

LakeRun::DeadLetters DeadLettersOf(const Config& config) {
  if (config.kafka.dlq_topic.empty()) return {};
  LogInfo("kafka: rejected messages of {} go to {} too", config.kafka.topic, config.kafka.dlq_topic);
  auto topic = std::make_shared<DeadLetterTopic>(config.kafka);
  return {config.kafka.topic,
          [topic](const std::vector<DeadLetter>& letters, StopToken stop) { return topic->Send(letters, stop); }};
}

// The spool lies beside the tables that it belongs to, one for each topic.
ProducerOptions ProducerOf(const Config& config) {
  ProducerOptions options{config.kafka, config.kafka.spool_path, static_cast<std::uint64_t>(config.kafka.spool_mb) << 20};
  if (options.spool_file.empty()) options.spool_file = config.lake.root + "/state/kafka_spool_" + config.kafka.topic + ".db";
  return options;
}

// A source's batches go to the topic, from where the spool says.
Status PlayToTopic(TopicProducer& producer, Source& source, const std::function<void(SourceReport)>& report, StopToken stop) {
  SourceOutput output;
  std::size_t dropped = 0;
  output.push = [&](RawBatch batch) {
    std::size_t rows = batch.rows() + batch.rejects.size();
    bool taken = producer.Push(std::move(batch), stop);
    if (!taken) dropped += rows;
    return taken;
  };
  output.report = report;
  output.positions = [&](std::string_view prefix) { return producer.PositionsOf(prefix); };
  output.newest = [&](std::string_view of) { return producer.Newest(of); };
  CS_TRY(source.Run(producer.Position(source.position_id()), output, stop));
  if (auto error = producer.failure()) return std::unexpected(*error);
  if (dropped == 0 || !source.position_id().starts_with("bronze/direct/"))
    return {};  // a recording's lines can be asked for again
  return Unavailable(fmt::format("dropped what was in hand and could not go into the spool: rows={} source={} state={}", dropped,
                                 source.position_id(), producer.Words()));
}

// The source that the settings name, and CoinGecko's client where it is that.
struct OpenedSource {
  std::shared_ptr<Source> source;
  std::shared_ptr<CoinGeckoClient> client;
  ServeMode mode = ServeMode::kLive;
};

Result<OpenedSource> OpenSource(const Config& config, const RunOptions& options) {
  OpenedSource opened;
  switch (config.source.kind) {
    case SourceKind::kReplay: {
      opened.mode = ServeMode::kReplay;
      CS_ASSIGN(opened.source, OpenRecording(config, options));
      break;
    }
    case SourceKind::kAuto:
    case SourceKind::kCoinGecko: {
      CS_ASSIGN(opened.client, ConnectCoinGecko(config));
      opened.source = std::make_shared<CoinGeckoSource>(opened.client);
      break;
    }
  }
  return opened;
}

}  // namespace

Status ProduceToTopic(const Config& config, const RunOptions& options, StopToken stop) {
  CS_ASSIGN(OpenedSource opened, OpenSource(config, options));
  CS_ASSIGN(auto producer, TopicProducer::Start(ProducerOf(config), MachineClock()));
  LogInfo("writing {}", producer->Words());
  CS_TRY(PlayToTopic(*producer, *opened.source, {}, stop));
  return producer->Drain(stop);
}

Status RunThroughTopic(const Config& config, const RunOptions& options, StopToken stop) {
  CS_ASSIGN(OpenedSource opened, OpenSource(config, options));
  CS_ASSIGN(auto consumer, TopicConsumer::Create({config.kafka}, MachineClock()));
  CS_ASSIGN(auto server, StartServer(config, opened.mode, config.lake.root));
  CS_ASSIGN(auto producer, TopicProducer::Start(ProducerOf(config), MachineClock()));
  CS_ASSIGN(auto run, LakeRun::Start(opened.client ? PolledLake(config, *opened.client) : config.lake, MachineClock(),
                                     server.get(), stop, DeadLettersOf(config)));
  LogInfo("writing the lake {}, through {}", config.lake.root, producer->Words());
  auto sink = SinkRun::Start(config, config.lake.root, server.get());
  PlayMarks(*run, config, false);
  PlayTopic(*run, std::move(consumer), LakeRun::Role::kEssential);
  run->PlayInput("source", LakeRun::Role::kEssential, [&](StopToken ending) {
    return PlayToTopic(*producer, *opened.source, [&](const SourceReport& report) { run->Tell(report); }, ending);
  });
  if (opened.client) CS_TRY(PlayBackfill(config, *run, opened.client));
  while (SleepFor(stop, kPollInterval)) {
    run->ReportState();
    if (auto error = run->failure()) return std::unexpected(*error);
    if (auto error = producer->failure()) return std::unexpected(*error);
  }
  return StopBoth(*run, sink.get());
}

Status StreamIntoLake(const Config& config, const StreamRequest& request, StopToken stop) {
  CS_ASSIGN(auto consumer, TopicConsumer::Create({config.kafka, request.exit_when_done}, MachineClock()));
  CS_ASSIGN(auto run, LakeRun::Start(config.lake, MachineClock(), nullptr, stop, DeadLettersOf(config)));
  LogInfo("writing the lake {}", config.lake.root);
  auto sink = SinkRun::Start(config, config.lake.root, nullptr);
  PlayMarks(*run, config, request.exit_when_done);
  PlayTopic(*run, std::move(consumer), LakeRun::Role::kEssential);
  if (request.exit_when_done) {
    Status finished = run->Finish(true, stop);
    if (IsStopped(finished)) return StoppedEarly(*run, finished, true);
    Status taken = TellTaken("stream", run->lake().tally().counts());
    CS_TRY(finished);
    CS_TRY(run->Stop());
    CatchUpSink(sink.get(), stop);
    return taken;
  }
  while (SleepFor(stop, kPollInterval)) {
    if (auto error = run->failure()) return std::unexpected(*error);
  }
  return StopBoth(*run, sink.get());
}

}  // namespace cryptostream
