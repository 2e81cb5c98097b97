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
    if (next_ <= until) record_edges(until);
  }

 private:
  // The next beginning or end of a rule.
  struct Edge {
    FaultTimes times;
    std::uint64_t number = 0;  // of the window
    bool start = true;
    Instant at = kNever;
  };

  void look(Edge& edge) const;
  void record_edges(Instant until);

  std::vector<Edge> edges_;  // by rule
  Instant end_;              // of the run
  Instant next_ = kNever;    // the earliest of all
  EarliestEvents* trace_;
};

}  // namespace soliton
