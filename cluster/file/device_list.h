// Devices as rows of a table and as JSON: `soliton list devices`.
#pragma once

#include <string>
#include <vector>

#include "protocol/isa/device.h"

namespace soliton {

// Weight memory of an NPU in its native format, and its four vector register files together.
Bytes matrix_memory(const NpuDevice& npu);
Bytes vector_memory(const NpuDevice& npu);

// A header and a line a device, in aligned columns. Peaks are computed from the shape and the beats
// of each format; published ones stand behind them, marked as such.
std::string device_table(const std::vector<Device>& devices);
// The same and more as an array of objects, sizes in bytes, rates in bytes a second. Ends with a
// newline.
std::string devices_json(const std::vector<Device>& devices);

}  // namespace soliton
