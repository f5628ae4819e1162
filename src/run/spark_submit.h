#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace cryptostream {

// How the pipeline's application is started on a Spark cluster.
struct SparkRequest {
  std::string master = "local[*]";  // as spark-submit has it
  std::string spark_home;           // empty: SPARK_HOME, else spark-submit on the path
  std::string archive;  // the tree as a tar.gz, for executors on other machines; empty: they find the tree where it lies here
  bool exit_when_done = false;
  std::int64_t rows = 0;            // of a batch; 0: the application's default
  std::vector<std::string> spark;   // further arguments of spark-submit: "--conf", "spark.executor.memory=4g"
  std::vector<std::string> commit;  // arguments of `cryptostream commit`: where the lake and the settings are
};

// The command, word by word, the program first. Errors: NotFound (no Spark, no Java, no tree of `make install`), Invalid (a Spark of a version
// that is not known, a master that needs the archive), each with the way out.
Result<std::vector<std::string>> SparkCommand(const SparkRequest& request);

// The same as one line for a shell.
std::string ShellLine(const std::vector<std::string>& words);

}  // namespace cryptostream
