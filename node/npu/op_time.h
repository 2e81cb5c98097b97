// The time one shard takes with the cluster idle and all its inputs there: what the partitioner's
// cost model calls, so that plan and emulation share one model of time.
#pragma once

#include <cstdint>

#include "protocol/base/time.h"
#include "protocol/isa/shard.h"

namespace soliton {

struct OpTime {
  Duration first;   // a request of one step
  Duration steady;  // each further step, averaged over many and rounded down
};

// From the first input to the last output of a request of `steps` steps, T0 included. Weights may
// be absent. `lanes`: of a batch. REQUIRES: the shard passes check_shard().
Duration run_alone(const Shard& shard, std::int64_t steps, std::uint32_t lanes = 1);

OpTime op_time(const Shard& shard);

}  // namespace soliton
