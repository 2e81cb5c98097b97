// Devices as a table and as JSON, for `soliton list devices`.
#pragma once

#include <string>
#include <vector>

#include "protocol/isa/device.h"

namespace soliton {

// Size of an NPU's weight memory in its native format, and of its four vector register files
// together.
Bytes matrix_memory(const NpuDevice& npu);
Bytes vector_memory(const NpuDevice& npu);

// A header and one line per device, in aligned columns. Peaks are computed from the shape and the
// beats of each format; published peaks follow, marked as such.
std::string device_table(const std::vector<Device>& devices);
// The same and more as an array of objects, with sizes in bytes and rates in bytes per second. Ends
// with a newline.
std::string devices_json(const std::vector<Device>& devices);

}  // namespace soliton
