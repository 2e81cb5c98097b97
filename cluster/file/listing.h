// The texts of `soliton list ...`: everything that is built in, one line each.
#pragma once

#include <string>

#include "cluster/file/spec.h"

namespace soliton {

// A table, or with `json` objects with every figure (device_list.h).
Checked<std::string> list_devices(const DataRoot& data, bool json);
Checked<std::string> list_topologies(const DataRoot& data);
// Every cluster file below configs/, by its path from the data root, with the first line of its
// opening comment.
Checked<std::string> list_configs(const DataRoot& data);
std::string list_formats();
// The functions that a device may declare, with their instructions.
std::string list_functions();
// The kinds of communication that need no model.
std::string list_workloads();
std::string list_faults();

}  // namespace soliton
