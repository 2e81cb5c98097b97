// The program `soliton`: the list of parts.
#include <fmt/format.h>

#include <csignal>
#include <exception>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/spec/shipped.h"
#include "protocol/base/check.h"
#include "protocol/base/message.h"
#include "protocol/base/shortage.h"

namespace soliton {
namespace {

struct Command {
  const char* name;
  int (*run)(const CommandLine&);
};

constexpr Command kCommands[] = {
    {"run", command_run},           {"plan", command_plan},   {"check", command_check},
    {"list", command_list},         {"sweep", command_sweep}, {"bench", command_bench},
    {"quantize", command_quantize}, {"isa", command_isa},
};

std::string as_typed(int argc, char** argv) {
  std::string text = "soliton";
  for (int i = 1; i < argc; ++i) text += fmt::format(" {}", argv[i]);
  return text;
}

// The commands whose inputs are files that may also come with the program.
bool takes_shipped(const std::string& command) {
  return command == "run" || command == "plan" || command == "check" || command == "sweep" ||
         command == "isa";
}

Status find_inputs(CommandLine& line) {
  if (!takes_shipped(line.command)) return {};
  for (std::string& input : line.inputs) {
    Result<std::string> found = find_input(input, data_root());
    if (!found) return tl::unexpected<Error>(found.error());
    input = std::move(*found);
  }
  return {};
}

int soliton_main(int argc, char** argv) {
  claim_standard_streams();
  tl::expected<CommandLine, int> line = parse_command_line(argc, argv);
  if (!line) return line.error();
  // A closed pipe, a dead node or a limit on file sizes is an error value of the write.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  set_check_context(as_typed(argc, argv));
  if (const Status found = find_inputs(*line); !found) return report_error(found.error());
  if (line->verbosity > 0) {
    message("soliton {}: data files in {}\n", line->command, data_root().path);
    for (const std::string& input : line->inputs) message("  {}\n", input);
  }
  for (const Command& command : kCommands)
    if (line->command == command.name) return command.run(*line);
  return 2;
}

}  // namespace
}  // namespace soliton

int main(int argc, char** argv) {
  soliton::report_on_terminate();
  try {
    return soliton::soliton_main(argc, argv);
  } catch (...) {
    return soliton::report_uncaught(std::current_exception());
  }
}
