// One request of a program on one NPU, with messages made up from a seed: what `soliton isa
// --trace` shows.
#pragma once

#include <string>
#include <vector>

#include "node/npu/npu.h"
#include "protocol/isa/shard.h"
#include "protocol/json/json.h"

namespace soliton {

struct IsaTrace {
  std::vector<ChainIssue> issues;
  std::vector<NpuOutput> outputs;
  NpuStats stats;
  Duration total{};  // from the first message to the last result
};

// What goes into a port instead of random messages, one after the other; then the first again.
struct GivenMessages {
  std::uint32_t port = 0;
  std::vector<std::vector<Half>> messages;  // at least one, each of the port's elements
};

// All messages are there when the request begins. Values are uniform between -1/2 and 1/2, unless
// they are given; a message that is read as an index is one of the entries it can reach. REQUIRES:
// the shard passes check_shard() and has its weights.
IsaTrace trace_program(const Shard& shard, std::int64_t steps, std::uint64_t seed,
                       const std::vector<GivenMessages>& given = {});
// The values of a message that came out.
std::vector<Half> values_of(const NpuOutput& output);

std::string trace_text(const Shard& shard, const IsaTrace& trace);
Json trace_json(const Shard& shard, const IsaTrace& trace);

}  // namespace soliton
