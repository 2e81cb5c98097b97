// The command line as values: README.md, "Commands".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/spec/spec.h"

namespace soliton {

struct CommandLine {
  std::string command;              // "run", "plan", ...
  std::vector<std::string> inputs;  // files, or what to list
  std::vector<std::string>
      set;  // --set KEY=VALUE, then the options below as overrides, in this order of strength
  std::string out;
  bool json = false;
  bool quiet = false;
  bool expand = false;                                 // check
  bool no_plan = false;                                // check
  bool more_peers = false;                             // bench
  bool words = false;                                  // isa
  bool trace = false;                                  // isa
  std::int64_t steps = 1;                              // isa --trace
  std::vector<std::string> port_inputs, port_outputs;  // isa --trace: PORT=FILE.npy
  int verbosity = 0;
  std::optional<std::uint64_t> seed;
  std::string time, processes, engine;
  std::string format;                       // quantize
  std::vector<std::string> format_options;  // quantize: "block=16", over those of the format
};

// Parses. On --help, --version or an error the text has been printed and the exit status is
// returned instead.
tl::expected<CommandLine, int> parse_command_line(int argc, char** argv);

// --set, --seed, --time and --processes as overrides of the cluster file.
Overrides overrides_of(const CommandLine& line);

}  // namespace soliton
