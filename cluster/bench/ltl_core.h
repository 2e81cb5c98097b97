// CPU time of LTL itself: two ends in one thread, each packet handed over in memory, no carrier and
// no clock within the loop.
#pragma once

#include <cstddef>

#include "fabric/ltl/options.h"

namespace soliton {

// Of one message of `bytes` each way, in nanoseconds; the least of several rounds, as what is left
// out is the time of others on this machine.
double ltl_core_round_trip_ns(const LtlOptions& options, std::size_t bytes);

}  // namespace soliton
