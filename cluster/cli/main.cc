// The program `soliton`: the list of parts.
#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <exception>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/cli/version.h"
#include "cluster/engine/launcher.h"
#include "cluster/file/shipped.h"
#include "protocol/base/check.h"
#include "protocol/base/message.h"
#include "protocol/base/shortage.h"

namespace soliton {
namespace {

std::string as_typed(int argc, char** argv) {
  std::string text = "soliton";
  for (int i = 1; i < argc; ++i) text += fmt::format(" {}", argv[i]);
  return text;
}

// Inputs that are files may also come with the program.
Status find_inputs(ParsedCommand& parsed) {
  if (!parsed.command->finds_files) return {};
  for (std::string& input : parsed.line.inputs) {
    Result<std::string> found = find_input(input, data_root());
    if (!found) return tl::unexpected<Error>(found.error());
    input = std::move(*found);
  }
  return {};
}

int soliton_main(int argc, char** argv) {
  claim_standard_streams();
  ParsedCommand parsed;
  if (const auto status =
          parse_command_line(kCommands, engine_names(), argc, argv, parsed, version_text))
    return *status;
  // Read by the log of this process, and passed on to those of nodes.
  if (!parsed.line.log_level.empty()) setenv("SOLITON_LOG", parsed.line.log_level.c_str(), 1);
  // A closed pipe, a dead node or a limit on file sizes is an error value of the write.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  set_check_context(as_typed(argc, argv));
  if (const Status found = find_inputs(parsed); !found) return report_error(found.error());
  if (parsed.line.verbosity > 0) {
    message("soliton {}: data files in {}\n", parsed.command->name, data_root().path);
    for (const std::string& input : parsed.line.inputs) message("  {}\n", input);
  }
  return parsed.run(parsed.line);
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
