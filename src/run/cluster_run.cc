// The coordinator behind two pipes. In: requests, a line each. Out: answers in JSON, and the lake written meanwhile.
#include "run/cluster_run.h"

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/ipc/api.h>
#include <poll.h>
#include <unistd.h>

#include <optional>

#include "base/log.h"
#include "base/machine_clock.h"
#include "base/text.h"
#include "cluster/coordinator.h"
#include "maintain/maintainer.h"
#include "run/lake_run.h"
#include "serve/json_writer.h"

namespace cryptostream {
namespace {

constexpr std::size_t kLongestRequest = 1 << 16;

// Lines of a file descriptor, until it ends or a stop is requested.
class Requests {
 public:
  explicit Requests(int in) : in_(in) {}
  // nullopt: there are no more. Errors: Unavailable; Invalid (a line too long).
  Result<std::optional<std::string>> Next(StopToken stop) {
    while (!stop.stop_requested()) {
      if (auto end = buffer_.find('\n'); end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      if (buffer_.size() > kLongestRequest) return Invalid("a request is longer than 64 KiB");
      pollfd ready{in_, POLLIN, 0};
      if (::poll(&ready, 1, 200) <= 0) continue;
      char piece[4096];
      ssize_t got = ::read(in_, piece, sizeof piece);
      if (got == 0) return std::nullopt;
      if (got > 0) buffer_.append(piece, static_cast<std::size_t>(got));
      if (got < 0 && errno != EINTR) return Unavailable("cannot read a request from stdin");
    }
    return std::nullopt;
  }

 private:
  const int in_;
  std::string buffer_;
};

Status Answer(int out, std::string line) {
  line += "\n";
  for (std::string_view rest = line; !rest.empty();) {
    ssize_t wrote = ::write(out, rest.data(), rest.size());
    if (wrote < 0 && errno != EINTR) return Unavailable("cannot write the answer: the application is gone");
    if (wrote > 0) rest.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

Result<std::vector<Note>> ReadNotes(const std::string& path) {
  auto failed = [&](const arrow::Status& status) {
    return Invalid("cannot read the tasks' notes: " + path + ": " + status.ToString());
  };
  auto file = arrow::io::ReadableFile::Open(path);
  if (!file.ok()) return failed(file.status());
  auto reader = arrow::ipc::RecordBatchStreamReader::Open(*file);
  if (!reader.ok()) return failed(reader.status());
  std::vector<Note> notes;
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    if (auto read = (*reader)->ReadNext(&batch); !read.ok()) return failed(read);
    if (!batch) return notes;
    CS_ASSIGN(std::vector<Note> of_batch, NotesOf(*batch));
    std::ranges::move(of_batch, std::back_inserter(notes));
  }
}

std::string WordsOf(const SilverJob& job) {
  JsonWriter json;
  json.BeginObject().Key("rows").Integer(job.rows).Key("buckets").Integer(job.plan.buckets).Key("plan").Text(job.plan.Encode());
  json.Key("inputs").BeginArray();
  for (const BronzeFile& file : job.files) {
    const Note note = InputNote(file);
    json.BeginObject().Key("bucket").Integer(note.bucket).Key("kind").Text(note.kind).Key("name").Text(note.name);
    json.Key("text").Text(note.text).Key("a").Integer(note.a).Key("b").Integer(note.b).EndObject();
  }
  return json.EndArray().EndObject().Take();
}

std::string WordsOf(const Tally::Counts& counts) {
  JsonWriter json;
  json.BeginObject().Key("silver").Integer(counts.silver).Key("duplicates").Integer(counts.duplicates);
  return json.Key("rejected").Integer(counts.refused()).EndObject().Take();
}

Result<std::string> Do(const std::string& request, Lake& lake, Coordinator& coordinator, StopToken stop) {
  const std::string word = request.substr(0, request.find(' '));
  const std::string rest = word.size() == request.size() ? "" : request.substr(word.size() + 1);
  CS_ASSIGN(std::string trouble, coordinator.Trouble());
  if (!trouble.empty()) LogWarn("{}", trouble);
  if (word == "silver-next") {
    auto rows = IntegerOf<std::int64_t>(rest);
    if (!rows || *rows < 1) return Invalid("silver-next takes how many rows: " + Printable(rest));
    CS_ASSIGN(auto job, coordinator.NextSilver(*rows));
    return job ? WordsOf(*job) : R"({"rows":0})";
  }
  if (word == "silver-commit") {
    CS_ASSIGN(std::vector<Note> notes, ReadNotes(rest));
    CS_TRY(coordinator.CommitSilver(notes));
    return WordsOf(lake.tally().counts());
  }
  if (word == "drain" || word == "drain-close") {
    CS_TRY(coordinator.Drain(word == "drain-close", stop));
    return "{}";
  }
  return Invalid("no such request: " + Printable(word));
}

Status Coordinate(const Config& config, int in, int out, StopToken stop) {
  CS_ASSIGN(auto lake, OpenForWriting(config.lake, stop));
  Coordinator coordinator(*lake, MachineClock());
  std::unique_ptr<Maintainer> maintainer;
  if (config.lake.maintenance.enabled) {
    maintainer = std::make_unique<Maintainer>(*lake);
    maintainer->Start();
  }
  LogInfo("writing the lake {} for a cluster", config.lake.root);
  Requests requests(in);
  while (true) {
    CS_ASSIGN(auto request, requests.Next(stop));
    if (!request) return {};
    CS_ASSIGN(std::string answer, Do(*request, *lake, coordinator, stop));
    CS_TRY(Answer(out, std::move(answer)));
  }
}

}  // namespace

Status CoordinateCluster(const Config& config, int in, int out, StopToken stop) {
  Status done = Coordinate(config, in, out, stop);
  if (done) return done;
  JsonWriter json;
  if (Status told = Answer(out, json.BeginObject().Key("error").Text(done.error().message).EndObject().Take()); !told) {
    LogWarn("{}", told.error().message);
  }
  return done;
}

}  // namespace cryptostream
