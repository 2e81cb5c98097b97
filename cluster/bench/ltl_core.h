// CPU time of LTL itself: two ends in one thread that pass packets in memory, with no carrier and
// no clock in the loop.
#pragma once

#include <cstddef>

#include "fabric/ltl/options.h"

namespace soliton {

// Time of one message of `bytes` each way, in nanoseconds. The least of several rounds, because
// longer ones include time of other processes.
double ltl_core_round_trip_ns(const LtlOptions& options, std::size_t bytes);

}  // namespace soliton
