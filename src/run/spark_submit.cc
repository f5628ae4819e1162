// The line that starts the application. In: what was asked for, and what lies on this machine. Out: spark-submit's words, or what is missing.
#include "run/spark_submit.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <regex>

#include "base/text.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool IsProgram(const fs::path& path) { return fs::is_regular_file(path) && ::access(path.c_str(), X_OK) == 0; }

fs::path OnPath(const std::string& name) {
  const std::string path = Environment("PATH");
  for (std::size_t begin = 0; begin <= path.size();) {
    std::size_t end = std::min(path.find(':', begin), path.size());
    if (fs::path found = fs::path(path.substr(begin, end - begin)) / name; end > begin && IsProgram(found)) return found;
    begin = end + 1;
  }
  return {};
}

Result<fs::path> SparkHome(const SparkRequest& request) {
  std::string home = request.spark_home.empty() ? Environment("SPARK_HOME") : request.spark_home;
  if (home.empty()) {
    fs::path found = OnPath("spark-submit");
    if (found.empty()) {
      return NotFound(
          "there is no Spark here: --spark-home FOLDER, or set SPARK_HOME (Spark 3.5 or 4, its own distribution or the one "
          "inside the package pyspark)");
    }
    home = fs::canonical(found).parent_path().parent_path();
  }
  if (!IsProgram(fs::path(home) / "bin/spark-submit"))
    return NotFound("no Spark there: " + home + "/bin/spark-submit is missing");
  return fs::path(home);
}

// By the name of its core's jar: asking Spark itself starts a JVM.
Status CheckVersion(const fs::path& home) {
  static const std::regex kCore(R"(spark-core_[0-9.]+-(\d+)\.(\d+)\.(.+)\.jar)");
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(home / "jars", error)) {
    std::smatch found;
    const std::string name = entry.path().filename();
    if (!std::regex_match(name, found, kCore)) continue;
    const int major = std::stoi(found[1]), minor = std::stoi(found[2]);
    if ((major == 3 && minor >= 5) || major == 4) return {};
    return Invalid(fmt::format("Spark {}.{}.{} is not one that this was tried with: take 3.5 or 4 (it is at {})", found[1].str(),
                               found[2].str(), found[3].str(), home.string()));
  }
  return NotFound("no Spark there: " + (home / "jars").string() + " has no spark-core jar");
}

Status CheckJava() {
  const std::string home = Environment("JAVA_HOME");
  if (!home.empty() ? IsProgram(fs::path(home) / "bin/java") : !OnPath("java").empty()) return {};
  return NotFound(home.empty() ? "there is no Java on the path, which Spark needs: install a JRE of 17, or set JAVA_HOME"
                               : "JAVA_HOME has no bin/java: " + home);
}

struct Tree {
  fs::path home, application;
};

Result<Tree> FindTree() {
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error);
  fs::path home = program.parent_path().parent_path();
  Tree tree{home, home / "share/cryptostream/spark/cryptostream_spark.py"};
  if (program.parent_path().filename() == "bin" && fs::exists(tree.application)) return tree;
  return NotFound("Spark's executors need the tree of `make install PREFIX=FOLDER`, and this program is not in one: " +
                  program.string());
}

}  // namespace

Result<std::vector<std::string>> SparkCommand(const SparkRequest& request) {
  CS_ASSIGN(fs::path spark, SparkHome(request));
  CS_TRY(CheckVersion(spark));
  CS_TRY(CheckJava());
  CS_ASSIGN(Tree tree, FindTree());
  std::vector<std::string> words{spark / "bin/spark-submit", "--master", request.master};
  if (!request.archive.empty()) {
    if (!fs::is_regular_file(request.archive)) {
      return NotFound(fmt::format("no archive there: {} (make it: tar -C {} -czf {} .)", request.archive, tree.home.string(),
                                  request.archive));
    }
    words.insert(words.end(), {"--archives", fs::absolute(request.archive).string() + "#cryptostream"});
  } else if (!request.master.starts_with("local") && !request.master.starts_with("spark://127.0.0.1")) {
    return Invalid(fmt::format("executors of {} need the program: --archive FILE.tar.gz (make it: tar -C {} -czf FILE.tar.gz .)",
                               request.master, tree.home.string()));
  }
  words.insert(words.end(), request.spark.begin(), request.spark.end());
  words.insert(words.end(), {tree.application, "--home", tree.home});
  if (request.exit_when_done) words.push_back("--exit-when-done");
  if (request.rows > 0) words.insert(words.end(), {"--rows", std::to_string(request.rows)});
  words.push_back("--");
  words.insert(words.end(), request.commit.begin(), request.commit.end());
  return words;
}

std::string ShellLine(const std::vector<std::string>& words) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_#";
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos && word.front() != '#') {
      line += word;
      continue;
    }
    line += '\'';
    for (char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

}  // namespace cryptostream
