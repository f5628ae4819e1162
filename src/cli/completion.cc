// `completion`: what a shell needs to complete commands, flags and their words, made from the parser itself, so that it cannot fall behind.
// zsh runs the script for bash through its own adapter.
#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/command.h"

namespace cryptostream {
namespace {

// One command with everything that can follow it.
struct Node {
  std::string path;                                         // "/quarantine/list"; of the program ""
  std::vector<std::string> words;                           // commands and flags
  std::vector<std::pair<std::string, std::string>> helped;  // the same with their help
};

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

void AddFlags(const CLI::App& app, Node& node) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) {
      node.words.push_back("--" + name);
      node.helped.emplace_back("--" + name, FirstLine(option->get_description()));
    }
  }
}

void Collect(const CLI::App& app, const CLI::App& program, const std::string& path, std::vector<Node>& out) {
  Node node{path, {}, {}};
  auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* command : commands) {
    node.words.push_back(command->get_name());
    node.helped.emplace_back(command->get_name(), FirstLine(command->get_description()));
  }
  AddFlags(app, node);
  if (&app != &program) AddFlags(program, node);
  out.push_back(node);
  for (const CLI::App* command : commands) Collect(*command, program, path + "/" + command->get_name(), out);
}

void PrintBash(const std::vector<Node>& nodes) {
  std::cout << "_cryptostream() {\n  local i path= words=\n  for ((i = 1; i < COMP_CWORD; i++)); do\n"
               "    case \"$path/${COMP_WORDS[i]}\" in\n      ";
  for (std::size_t i = 1; i < nodes.size(); ++i) std::cout << (i > 1 ? " | " : "") << nodes[i].path;
  std::cout << ") path=\"$path/${COMP_WORDS[i]}\" ;;\n    esac\n  done\n  case \"$path\" in\n";
  for (const Node& node : nodes) {
    std::cout << "    '" << node.path << "') words='";
    for (std::size_t i = 0; i < node.words.size(); ++i) std::cout << (i > 0 ? " " : "") << node.words[i];
    std::cout << "' ;;\n";
  }
  std::cout << "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n"
               "complete -o default -F _cryptostream cryptostream\n";
}

std::string FishText(const std::string& text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

void PrintFish(const std::vector<Node>& nodes) {
  for (const Node& node : nodes) {
    std::string condition = "__fish_use_subcommand";
    if (!node.path.empty()) {
      condition.clear();
      std::string rest = node.path.substr(1) + "/";
      for (std::size_t slash; (slash = rest.find('/')) != std::string::npos; rest = rest.substr(slash + 1)) {
        condition += (condition.empty() ? "" : "; and ") + std::string("__fish_seen_subcommand_from ") + rest.substr(0, slash);
      }
    }
    for (const auto& [word, help] : node.helped) {
      bool flag = word.starts_with("--");
      std::cout << "complete -c cryptostream -n " << FishText(condition) << (flag ? " -l " + word.substr(2) : " -f -a " + word)
                << " -d " << FishText(help) << "\n";
    }
  }
}

}  // namespace

Command AddCompletion(CLI::App& program) {
  CLI::App* app = program.add_subcommand("completion", "a script that lets a shell complete commands and flags");
  app->footer(
      "Examples:\n  source <(cryptostream completion bash)\n  source <(cryptostream completion zsh)\n"
      "  cryptostream completion fish > ~/.config/fish/completions/cryptostream.fish");
  auto shell = std::make_shared<std::string>();
  app->add_option("shell", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  return {app, [shell, &program](CommandContext&) {
            std::vector<Node> nodes;
            Collect(program, program, "", nodes);
            if (*shell == "zsh") std::cout << "autoload -U +X bashcompinit && bashcompinit\n";
            if (*shell == "fish") {
              PrintFish(nodes);
            } else {
              PrintBash(nodes);
            }
            return kExitDone;
          }};
}

}  // namespace cryptostream
