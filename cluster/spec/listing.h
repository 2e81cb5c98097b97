// What is built in, one line each: the texts of `soliton list ...`.
#pragma once

#include <string>

#include "cluster/spec/spec.h"

namespace soliton {

// Weight memory of an NPU in its native format.
Bytes matrix_memory(const NpuDevice& npu);

Checked<std::string> list_devices(const DataRoot& data);
Checked<std::string> list_topologies(const DataRoot& data);
// Every cluster file below configs/, by its path from the data root, with the first line of its
// opening comment.
Checked<std::string> list_configs(const DataRoot& data);
std::string list_formats();
std::string list_faults();

}  // namespace soliton
