// Records in a trace when the rules of a fault plan begin and end.
#pragma once

#include <cstdint>
#include <vector>

#include "fabric/faults/fault_plan.h"
#include "fabric/sim/earliest_events.h"

namespace soliton {

class FaultWindows {
 public:
  // `trace` outlives the object, or is null: nothing is recorded.
  FaultWindows(const FaultPlan& plan, EarliestEvents* trace);
  // Records, in order, the rules that began or ended up to `until`. Successive calls must not go
  // back in time.
  void record(Instant until) {
    if (done_ < edges_.size() && edges_[done_].at <= until) record_edges(until);
  }

 private:
  struct Edge {
    Instant at;
    bool start;
    std::uint32_t rule;
  };

  void record_edges(Instant until);

  std::vector<Edge> edges_;  // in order
  std::size_t done_ = 0;
  EarliestEvents* trace_;
};

}  // namespace soliton
