// The time of one shard on an idle cluster with all its inputs present. The partitioner's cost
// model calls it, so that plan and emulation share one model of time.
#pragma once

#include <cstdint>

#include "protocol/base/time.h"
#include "protocol/isa/shard.h"

namespace soliton {

struct OpTime {
  Duration first;   // a request of one step
  Duration steady;  // each further step, averaged over many steps and rounded down
};

// From the first input to the last output of a request of `steps` steps, T0 included. Weights may
// be absent. `lanes`: of the batch. REQUIRES: the shard passes check_shard().
Duration run_alone(const Shard& shard, std::int64_t steps, std::uint32_t lanes = 1);

OpTime op_time(const Shard& shard);

}  // namespace soliton
