// A command as somebody at a terminal sees it.
#pragma once

#include <string>
#include <vector>

namespace soliton {

// What is left on a wide terminal of the bytes written to it: a carriage return begins the line
// again (progress lines), escape sequences have no width.
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
