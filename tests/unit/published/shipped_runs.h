// Shipped cluster files of one device, as shards, for comparison with published tables.
#pragma once

#include <string>

#include "partition/ir/build_rnn.h"
#include "protocol/isa/shard.h"

namespace soliton::test {

struct ShippedRun {
  Shard shard;  // without weights
  std::int64_t steps = 0;
  std::int64_t operations = 0;  // of a request, at the size the file says to count
};

// The built-in device of that name.
NpuDevice device_named(const std::string& name);
// A layer on one such device. REQUIRES: it can be lowered. The caller checks whether it fits.
Shard shard_of(const RnnOptions& rnn, const NpuDevice& device, const std::string& precision = "");
// configs/NAME.yaml, which has one NPU and an rnn model.
ShippedRun shipped_run(const std::string& name);

// The NPU's own time for a request of `steps` steps, in cycles of the device.
double cycles_of(const Shard& shard, std::int64_t steps);

}  // namespace soliton::test
