// Files that come with the program, by name: `soliton run quickstart` works from any folder.
#pragma once

#include <string>

#include "cluster/file/spec.h"

namespace soliton {

// What `given` on the command line means. A file in the current folder goes first, and so does a
// stream; then `given` as a path below the data root ("configs/quickstart.yaml", also without
// "configs/" or its ending), then the name alone of a shipped cluster file, experiment, device,
// topology or program ("quickstart"). Error: there is no such file, but a shipped name is near.
Result<std::string> find_input(const std::string& given, const DataRoot& data);

}  // namespace soliton
