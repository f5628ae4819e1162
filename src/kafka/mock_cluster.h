#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <chrono>
#include <string>

#include "kafka/client.h"
#include "kafka/options.h"

namespace cryptostream {

// librdkafka's own little cluster in this process, for tests: it can be made to give answers that a real broker cannot.
class MockCluster {
 public:
  static constexpr std::int16_t kMetadata = 3, kInitProducerId = 22, kProduce = 0, kFetch = 1;

  explicit MockCluster(const std::string& topic = "t", int partitions = 1) : topic_(topic) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "log_level", "0", nullptr, 0);
    handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
    cluster_ = rd_kafka_mock_cluster_new(handle_, 1);
    rd_kafka_mock_set_controller_id(cluster_, 1);  // it has none by itself, and some questions go there
    rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, 1);
  }
  ~MockCluster() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(handle_);
  }

  rd_kafka_mock_cluster_t* get() const { return cluster_; }
  // As a broker before 2.8 answers: without topic ids.
  void HideTopicIds() { rd_kafka_mock_set_apiversion(cluster_, kMetadata, 0, 9); }
  void FailOnce(std::int16_t request, rd_kafka_resp_err_t error) {
    rd_kafka_mock_push_request_errors(cluster_, request, 1, error);
  }
  // The answer to the next request of that kind takes so long.
  void Delay(std::int16_t request, std::chrono::milliseconds time) {
    rd_kafka_mock_broker_push_request_error_rtts(cluster_, 1, request, 1, RD_KAFKA_RESP_ERR_NO_ERROR,
                                                 static_cast<int>(time.count()));
  }

  KafkaOptions Options() const {
    KafkaOptions options;
    options.broker = rd_kafka_mock_cluster_bootstraps(cluster_);
    options.topic = topic_;
    return options;
  }

 private:
  const std::string topic_;
  rd_kafka_t* handle_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

}  // namespace cryptostream
