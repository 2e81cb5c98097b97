// Runs a shard on one NPU with all messages of a request present from the start.
#pragma once

#include <map>
#include <vector>

#include "node/npu/npu.h"
#include "tests/unit/npu/reference.h"

namespace soliton::testing {

// Messages by input port, each port's in order.
using Messages = std::map<std::uint16_t, std::vector<Halves>>;

struct Played {
  std::vector<std::vector<Halves>> outputs;  // by output port
  NpuStats stats;
  Duration total{};
};

Played play(const Shard& shard, std::int64_t steps, const Messages& messages);

// Uniform between -1/2 and 1/2.
Halves random_halves(std::size_t count, std::uint64_t seed);
std::vector<Halves> random_messages(std::size_t count, std::size_t elements, std::uint64_t seed);

// A shipped device.
NpuDevice device_named(const std::string& name);

// FNV-1a over the bits of all values, in order.
std::uint64_t checksum(const std::vector<Halves>& values);

}  // namespace soliton::testing
