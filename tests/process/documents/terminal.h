// Runs a command and captures its output as seen at a terminal.
#pragma once

#include <string>
#include <vector>

namespace soliton {

// What a wide terminal shows after the bytes were written to it: a carriage return restarts the
// line (progress lines), escape sequences have no width.
std::vector<std::string> as_seen(const std::string& written);

struct CommandEnd {
  int status = -1;  // exit status, 128 + signal, or -1: it could not be started
  std::vector<std::string> seen;
};

// Runs `command` by sh in `folder`, with both outputs on one pseudo-terminal without colours,
// `programs` first on the PATH, and nothing on standard input.
CommandEnd run_at_terminal(const std::string& command, const std::string& folder,
                           const std::string& programs);

}  // namespace soliton
