// An embedding as an NPU program: the table resident, a lookup a step.
//
//   in port 0:   one symbol number a step, an unsigned 16-bit word
//   out port 0:  one row of the table a step
#pragma once

#include <string>

#include "partition/ir/layer_graph.h"
#include "protocol/isa/shard.h"

namespace soliton {

struct EmbeddingSpec {
  std::string name;
  Tensor table;                   // symbols x width
  Memory memory = Memory::kDram;  // or a vector register file
};

// Every row begins at a native vector. A symbol beyond the table reads NaN and is counted
// (NpuStats::index_faults). Whether it fits the device is check_shard()'s concern. Errors: kInvalid
// for a table that is not a matrix or has more than 65,536 symbols.
Result<Shard> lower_embedding(const std::string& node, const NpuDevice& device,
                              const NpuFormat& format, const EmbeddingSpec& spec,
                              bool with_weights);

}  // namespace soliton
