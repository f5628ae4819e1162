// What a Spark application starts: `operator` in its tasks, `commit` beside its driver. spark.cc makes the line that starts the application.
#include <unistd.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cluster/operator.h"
#include "run/cluster_run.h"

namespace cryptostream {

std::vector<Command> AddClusterCommands(CLI::App& program, CommandContext& context) {
  CLI::App* step = program.add_subcommand("operator", "a step of the pipeline inside a task of Spark: Arrow in, Arrow out");
  step->footer(
      "Examples:\n  cryptostream operator parse      files of bronze in, ticks by bucket out\n"
      "  cryptostream operator dedup      ticks in, silver's files and their windows out\n"
      "Started by the application of `cryptostream spark submit`, which tells it on stdin what to do. Needs no lake of its own.");
  auto name = std::make_shared<std::string>();
  step->add_option("step", *name, "parse or dedup")->required()->check(CLI::IsMember(OperatorNames()));
  CLI::App* commit = program.add_subcommand("commit", "commits what a cluster's tasks have written, beside Spark's driver");
  commit->footer(
      "Examples:\n  cryptostream commit --storage /shared/lake      requests on stdin, answers on stdout (docs/scale-out.md)\n"
      "Started by the application of `cryptostream spark submit`. It is the lake's one writer while it runs.");
  AddSetting(commit, context, "storage.path", "where the tables are, as every executor sees it");
  return {{step,
           [name](CommandContext&) {
             Status done = RunOperator(*name);
             return done ? kExitDone : Failed(done.error());
           }},
          {commit,
           [](CommandContext& context) {
             int exit_code = kExitDone;
             auto config = context.Load(&exit_code, ConfigUse::kRun);
             if (!config) return exit_code;
             Status done = CoordinateCluster(*config, STDIN_FILENO, STDOUT_FILENO, context.stop);
             return done ? kExitDone : Failed(done.error());
           },
           true}};
}

}  // namespace cryptostream
