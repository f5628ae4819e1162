// `spark submit` and `spark print`: the line that starts the pipeline's application on a Spark cluster.
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <iostream>

#include "base/system_error.h"
#include "cli/command.h"
#include "run/spark_submit.h"

namespace cryptostream {
namespace {

// What of this command's own words `cryptostream commit` is to be told.
std::vector<std::string> ForCommit(const CommandContext& context) {
  std::vector<std::string> words;
  if (!context.config_file.empty()) words.insert(words.end(), {"--config", context.config_file});
  for (const std::string& setting : context.settings) words.insert(words.end(), {"--set", setting});
  for (const FlagSetting& flag : context.flags) words.insert(words.end(), {"--set", flag.path + "=" + flag.value});
  return words;
}

int RunSpark(CommandContext& context, SparkRequest request, bool submit) {
  int exit_code = kExitDone;
  if (!context.Load(&exit_code, ConfigUse::kRun)) return exit_code;  // what would be refused there is refused here
  request.commit = ForCommit(context);
  auto words = SparkCommand(request);
  if (!words) return Failed(words.error());
  if (!submit) {
    std::cout << ShellLine(*words) << "\n";
    return kExitDone;
  }
  std::vector<char*> argv;
  for (std::string& word : *words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(argv.front(), argv.data());
  return Failed({ErrorKind::kUnavailable, "cannot start " + words->front() + ": " + SystemReason(errno), {}});
}

void AddFlags(CLI::App* app, CommandContext& context, SparkRequest& request) {
  AddSetting(app, context, "storage.path", "where the tables are, as every executor sees it");
  app->add_option("--master", request.master, "Spark's master: local[2], spark://HOST:7077, yarn, k8s://...")
      ->capture_default_str();
  app->add_option("--spark-home", request.spark_home, "Spark's folder (default: SPARK_HOME, else where spark-submit lies)");
  app->add_option("--archive", request.archive, "this program's tree as a tar.gz, for executors on other machines");
  app->add_flag("--exit-when-done", request.exit_when_done, "what bronze has now, then close all windows and end");
  app->add_option("--rows", request.rows, "rows of a batch, about (default 4,000,000)")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
  app->add_option("--conf", request.spark, "a setting of Spark's, NAME=VALUE; may be given again")->type_name("NAME=VALUE");
}

}  // namespace

std::vector<Command> AddSparkCommands(CLI::App& program, CommandContext& context) {
  CLI::App* app = program.add_subcommand("spark", "carries silver, gold and the rollups on with a Spark cluster");
  app->footer(
      "Examples:\n  cryptostream spark print --master local[2] --storage my-lake                      the line, for a look or a "
      "scheduler\n"
      "  cryptostream spark submit --master local[2] --storage my-lake --exit-when-done    what bronze has now\n"
      "  cryptostream spark submit --master spark://host:7077 --archive tree.tar.gz --storage /shared/my-lake\n"
      "Spark's tasks run this program's own code; it goes on where the tables stand, and so does `stream` or `run` afterwards\n"
      "(docs/scale-out.md).");
  app->require_subcommand(1);
  std::vector<Command> commands;
  for (bool submit : {false, true}) {
    CLI::App* way = app->add_subcommand(submit ? "submit" : "print",
                                        submit ? "starts it, until it is stopped" : "prints the line that would start it");
    way->footer(submit ? "Examples:\n  cryptostream spark submit --master local[2] --storage my-lake --exit-when-done"
                       : "Examples:\n  cryptostream spark print --master local[2] --storage my-lake");
    auto request = std::make_shared<SparkRequest>();
    AddFlags(way, context, *request);
    commands.push_back({way, [request, submit](CommandContext& context) {
                          SparkRequest made = *request;
                          std::vector<std::string> conf;
                          for (const std::string& each : made.spark) conf.insert(conf.end(), {"--conf", each});
                          made.spark = conf;
                          return RunSpark(context, made, submit);
                        }});
  }
  return commands;
}

}  // namespace cryptostream
