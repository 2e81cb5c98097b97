// What a program reads must have been written: by a constant, a zeroed range, a matrix, or any
// instruction of the program, wherever it stands (the writer may belong to the previous step).
#pragma once

#include <vector>

#include "protocol/isa/shard.h"

namespace soliton {

// Reads of vectors and of tiles in Dram that nothing ever writes, and addresses by offset below 0.
// An access whose offset the program does not say may write anything, and its own reads are left to
// the run (NpuStats::index_faults). REQUIRES: every instruction passes check_instruction(),
// device.native_dim > 0.
std::vector<ShardFault> check_reads(const Shard& shard);

}  // namespace soliton
