// Commands about the lake and the program: verification, the configuration, the version.
#include <CLI/CLI.hpp>
#include <iostream>

#include "base/version.h"
#include "cli/command.h"

namespace cryptostream {
namespace {

int RunConfig(CommandContext& context, const std::string& what) {
  if (what == "schema") {
    std::cout << (context.json ? ConfigJsonSchema() : PrintConfigSchema());
    return kExitDone;
  }
  int exit_code = kExitDone;
  auto config = context.Load(&exit_code, what == "check" ? ConfigUse::kRun : ConfigUse::kRead);
  if (!config) return exit_code;
  std::cout << (what == "print" ? PrintConfig(*config) : std::string("the configuration is good\n"));
  return kExitDone;
}

Command AddConfig(CLI::App& program, CommandContext&) {
  CLI::App* app = program.add_subcommand("config", "check, print or list the settings");
  app->footer(
      "Examples:\n  cryptostream config check --config my.toml    everything that `run` would refuse; needs no network\n"
      "  cryptostream config print                      the values, as a TOML file\n"
      "  cryptostream config schema                     every setting\n"
      "  cryptostream config schema --json              the same as a JSON Schema, for editors\n"
      "A setting comes from --set, else from a flag, else from the environment (CRYPTOSTREAM_SERVE__PORT), else from the file.");
  auto what = std::make_shared<std::string>();
  app->add_option("what", *what, "check, print or schema")->required()->check(CLI::IsMember({"check", "print", "schema"}));
  return {app, [what](CommandContext& context) { return RunConfig(context, *what); }};
}

Command AddVersion(CLI::App& program, CommandContext&) {
  CLI::App* app = program.add_subcommand("version", "the version");
  return {app, [](CommandContext&) {
            std::cout << "cryptostream " << kVersion << "\n";
            return kExitDone;
          }};
}

}  // namespace

std::vector<Command> AddReadingCommands(CLI::App& program, CommandContext& context) {
  return {AddVerify(program, context), AddSchema(program), AddConfig(program, context), AddVersion(program, context)};
}

}  // namespace cryptostream
