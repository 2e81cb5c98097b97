#include "fabric/ltl/stats.h"

#include "protocol/base/counters.h"

namespace soliton {

void LtlStats::merge(const LtlStats& other) {
  add_counters(kLtlStatsFields, &other, this);
  rtt.merge(other.rtt);
}

}  // namespace soliton
