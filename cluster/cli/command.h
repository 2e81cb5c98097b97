// A command of `soliton` as a value: its words, its options, and what runs it. A new command is a file
// that defines one, and a line in commands.h; the parser, --help and completion follow.
//
//   struct WaitOptions { std::int64_t seconds = 1; };
//   RunCommand define_wait(OptionSet& options, CommandLine&) {
//     auto own = std::make_shared<WaitOptions>();
//     options.number("--seconds", "N", own->seconds, 1, 60, "how long");
//     return [own](const CommandLine& line) { return wait(line, *own); };
//   }
//   const CliCommand kWaitCommand = {.name = "wait", .what = "Waits", .example = "soliton wait",
//                                 .define = define_wait};
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace soliton {

// The part of a command line that is common to all commands.
struct CommandLine {
  std::vector<std::string> inputs;  // files, or what to list or measure
  std::string out;
  bool json = false;
  bool quiet = false;
  int verbosity = 0;
  // For commands that take a cluster file.
  std::vector<std::string> set;  // KEY=VALUE; the options below take precedence
  std::optional<std::uint64_t> seed;
  std::string time, processes, engine;
  std::string log_level;  // "": that of SOLITON_LOG

  // --set, --seed, --time and --processes as overrides of the cluster file, in order of precedence,
  // highest last.
  std::vector<std::string> overrides() const;
};

// Runs a command and returns its exit status.
using RunCommand = std::function<int(const CommandLine& line)>;

// Collects a command's options. The variables they are read into must outlive the parser.
class OptionSet {
 public:
  using Words = std::vector<std::string>;

  OptionSet(CLI::App& app, CommandLine& line) : app_(app), line_(line) {}

  void flag(const char* name, bool& to, const char* what);
  void count(const char* name, int& to, const char* what);
  // With `words`, the value must be one of them.
  void text(const char* name, std::string& to, const char* what, const Words& words = {});
  void text(const char* name, const char* type, std::string& to, const char* what);
  // `refuse` says what is wrong with a text, or "".
  void text(const char* name, std::string& to, const char* what,
            std::function<std::string(const std::string&)> refuse);
  // May be given several times.
  void texts(const char* name, const char* type, std::vector<std::string>& to, const char* what);
  void number(const char* name, const char* type, std::int64_t& to, std::int64_t least,
              std::int64_t most, const char* what);
  void number(const char* name, const char* type, std::optional<std::uint64_t>& to,
              const char* what);
  void call(const char* name, const char* type, std::function<void(const std::string&)> take,
            const char* what);

  // A required argument before the inputs. With `words`, it must be one of them.
  void argument(const char* name, std::string& to, const char* what, const Words& words = {});
  // CommandLine::inputs: a required one (or more with CliCommand::many_inputs), a required one out
  // of `words`, at most one, or any number with CliCommand::many_inputs.
  void inputs(const char* name, const char* what);
  void input_word(const char* name, const char* what, const Words& words);
  void optional_input(const char* name, const char* what);
  void optional_inputs(const char* name, const char* what);

 private:
  CLI::App& app_;
  CommandLine& line_;
};

struct CliCommand {
  const char* name = "";
  const char* what = "";  // a line for --help
  const char* example = "";
  bool takes_cluster = false;  // has the options that override keys of a cluster file
  bool finds_files = false;    // inputs are files that may also come with the program
  bool many_inputs = false;
  const char* out = nullptr;  // what --out is for; nullptr: there is no such option
  RunCommand (*define)(OptionSet& options, CommandLine& line) = nullptr;
};

struct ParsedCommand {
  const CliCommand* command = nullptr;
  CommandLine line;
  RunCommand run;
};

// Returns an exit status, after printing, for --help, --version and errors. Otherwise fills
// `parsed` and returns nullopt. `engines` are what --engine may name, `version` is what --version
// prints.
std::optional<int> parse_command_line(std::span<const CliCommand* const> commands,
                                      const std::vector<std::string>& engines, int argc,
                                      const char* const* argv, ParsedCommand& parsed,
                                      std::function<std::string()> version = {});

// The page of a command for `man`, or that of the program for "". REQUIRES: there is the command.
std::string manual_page(std::span<const CliCommand* const> commands,
                        const std::vector<std::string>& engines, const std::string& name);

}  // namespace soliton
