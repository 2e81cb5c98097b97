// Runs one request of a program on one NPU, with messages generated from a seed, for `soliton isa
// --trace`.
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

// Messages for a port in place of random ones, used in order and then from the first again.
struct GivenMessages {
  std::uint32_t port = 0;
  std::vector<std::vector<Half>> messages;  // at least one, each of the port's elements
};

// All messages are present when the request begins. Values that are not given are uniform between
// -1/2 and 1/2; a message that is read as an index gets an index in range, sums are zero. REQUIRES: the shard
// passes check_shard() and has its weights.
IsaTrace trace_program(const Shard& shard, std::int64_t steps, std::uint64_t seed,
                       const std::vector<GivenMessages>& given = {});
// Whether messages of the port hold fp32 sums: an input port that mv_rd reads (`opcode`), an output port
// that mv_wr writes.
bool holds_sums(const Shard& shard, Opcode opcode, std::uint32_t port);
// The numbers in an output message.
std::vector<float> numbers_of(const Shard& shard, const NpuOutput& output);

std::string trace_text(const Shard& shard, const IsaTrace& trace);
Json trace_json(const Shard& shard, const IsaTrace& trace);

}  // namespace soliton
