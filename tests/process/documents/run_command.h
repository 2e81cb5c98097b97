// A shell command run to its end.
#pragma once

#include <string>

namespace soliton {

struct CommandEnd {
  int status = -1;  // exit status, 128 + signal, or -1: it could not be started
  std::string out;
  std::string err;
};

// Runs `command` by sh in `folder`; its outputs pass through files in `scratch`, which exists.
CommandEnd run_command(const std::string& command, const std::string& folder,
                       const std::string& scratch);

}  // namespace soliton
