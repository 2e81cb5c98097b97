// Files that come with the program, by name: `soliton run quickstart` works from any folder.
#pragma once

#include <string>

#include "cluster/file/spec.h"

namespace soliton {

// Resolves `given`, an input on the command line. A stream or a file in the current folder comes
// first; then `given` as a path below the data root ("configs/quickstart.yaml", also without
// "configs/" or its ending), then the bare name of a shipped cluster file, experiment, device,
// topology or program ("quickstart"). Error: there is no such file, and a shipped name is similar.
Result<std::string> find_input(const std::string& given, const DataRoot& data);

}  // namespace soliton
