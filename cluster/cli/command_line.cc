#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cluster/cli/command.h"
#include "cluster/cli/manual.h"
#include "protocol/base/message.h"
#include "protocol/base/result.h"
#include "protocol/base/suggestion.h"

namespace soliton {
namespace {

constexpr int kUsage = 2;

using Commands = std::span<const CliCommand* const>;

void add_common(OptionSet& options, const CliCommand& command,
                const std::vector<std::string>& engines, CommandLine& line) {
  options.flag("--json", line.json, "results on standard output, nothing else there");
  options.flag("--quiet,-q", line.quiet, "errors only");
  options.count("-v", line.verbosity,
                "says on standard error what is read and found; twice: every file");
  options.text("--log-level", line.log_level,
               "from which level on logs have lines: debug | info | warning | error",
               {"debug", "info", "warning", "error"});
  if (command.takes_cluster) {
    options.texts("--set", "KEY=VALUE", line.set,
                  "overrides a key of the file, a.b[2].c=VALUE; repeatable");
    options.number("--seed", "N", line.seed, "seed of all chance and of synthetic weights");
    options.text("--time", line.time, "virtual | wall", {"virtual", "wall"});
    options.text("--processes", line.processes, "per-node | packed (virtual time)",
                 {"per-node", "packed"});
    options.text("--engine", line.engine, "what starts the node processes; local: this machine",
                 [engines](const std::string& name) {
                   if (std::ranges::find(engines, name) != engines.end()) return std::string();
                   return fmt::format("no engine \"{}\"{}", name, suggestion(name, engines));
                 });
  }
  if (command.out != nullptr) options.text("--out", "DIR", line.out, command.out);
}

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  const std::string near = nearest_name(word, known);
  return near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near);
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::string explain_without_command(const CLI::App& app, Commands commands) {
  const std::vector<std::string> extras = app.remaining(true);
  std::vector<std::string> names;
  for (const CliCommand* command : commands) names.emplace_back(command->name);
  if (extras.empty()) return fmt::format("soliton: needs a command: {}", fmt::join(names, ", "));
  if (!extras.front().starts_with('-'))
    return fmt::format("soliton: no command \"{}\"{} (soliton --help)", extras.front(),
                       nearest(extras.front(), names));
  return fmt::format("soliton: no option \"{}\"{} (soliton --help)", extras.front(),
                     nearest(extras.front(), option_names(app)));
}

// What is wrong with a command line, with the nearest name for a word that is not known.
std::string explain(const CLI::App& app, Commands commands, const CLI::ParseError& error) {
  if (app.get_subcommands().empty()) return explain_without_command(app, commands);
  const std::vector<std::string> extras = app.remaining(true);
  const CLI::App& command = *app.get_subcommands().front();
  const std::string name = "soliton " + command.get_name();
  const auto option =
      std::ranges::find_if(extras, [](const std::string& it) { return it.starts_with('-'); });
  if (option != extras.end()) {
    // "--seed=7": only the name is compared with the known options.
    const std::string word = option->substr(0, option->find('='));
    return fmt::format("{}: no option \"{}\"{} ({} --help)", name, word,
                       nearest(word, option_names(command)), name);
  }
  if (!extras.empty())
    return fmt::format("{}: one argument too many: \"{}\" ({} --help)", name, extras.front(), name);
  return fmt::format("{}: {} ({} --help)", name, error.what(), name);
}

// Fills `app` with the commands, whose options are read into `line`, and returns what runs each.
std::vector<RunCommand> define_commands(CLI::App& app, Commands commands,
                                        const std::vector<std::string>& engines,
                                        CommandLine& line) {
  app.require_subcommand(1);
  app.footer("Start: soliton run configs/quickstart.yaml");
  std::vector<RunCommand> runs;
  for (const CliCommand* command : commands) {
    CLI::App* own = app.add_subcommand(command->name, command->what);
    own->footer(fmt::format("Example:\n  {}", command->example));
    OptionSet options(*own, line);
    runs.push_back(command->define(options, line));
    add_common(options, *command, engines, line);
  }
  return runs;
}

constexpr const char* kTitle = "Soliton: clusters of emulated network-attached FPGAs, on a laptop";

}  // namespace

std::string manual_page(Commands commands, const std::vector<std::string>& engines,
                        const std::string& name) {
  CLI::App app(kTitle, "soliton");
  app.set_version_flag("--version", "");
  CommandLine line;
  const std::vector<RunCommand> runs = define_commands(app, commands, engines, line);
  if (name.empty()) return manual_of_program(app);
  const auto command =
      std::ranges::find_if(commands, [&](const CliCommand* it) { return name == it->name; });
  return manual_of_command(*app.get_subcommand(name), (*command)->example);
}

std::optional<int> parse_command_line(Commands commands, const std::vector<std::string>& engines,
                                      int argc, const char* const* argv, ParsedCommand& parsed,
                                      std::function<std::string()> version) {
  CLI::App app(kTitle, "soliton");
  app.set_version_flag(
      "--version", version ? std::move(version) : [] { return std::string(); });
  const std::vector<RunCommand> runs = define_commands(app, commands, engines, parsed.line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    message("{}\n", explain(app, commands, error));
    return kUsage;
  }
  const std::string name = app.get_subcommands().front()->get_name();
  const auto chosen =
      std::ranges::find_if(commands, [&](const CliCommand* it) { return name == it->name; });
  parsed.command = *chosen;
  parsed.run = runs[static_cast<std::size_t>(chosen - commands.begin())];
  if (parsed.line.inputs.size() > 1 && !parsed.command->many_inputs) {
    message("soliton {0}: one argument too many: \"{1}\" (soliton {0} --help)\n", name,
            parsed.line.inputs[1]);
    return kUsage;
  }
  return std::nullopt;
}

std::vector<std::string> CommandLine::overrides() const {
  std::vector<std::string> all = set;
  if (seed) all.push_back(fmt::format("seed={}", *seed));
  if (!time.empty()) all.push_back("time=" + time);
  if (!processes.empty()) all.push_back("processes=" + processes);
  return all;
}

}  // namespace soliton
