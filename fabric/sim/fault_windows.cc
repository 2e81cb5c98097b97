#include "fabric/sim/fault_windows.h"

#include <algorithm>

namespace soliton {

FaultWindows::FaultWindows(const FaultPlan& plan, EarliestEvents* trace) : trace_(trace) {
  for (std::uint32_t r = 0; r < plan.rules.size(); ++r) {
    edges_.push_back({plan.rules[r].from, true, r});
    if (plan.rules[r].until != kNever) edges_.push_back({plan.rules[r].until, false, r});
  }
  std::stable_sort(edges_.begin(), edges_.end(),
                   [](const Edge& a, const Edge& b) { return a.at < b.at; });
}

void FaultWindows::record_edges(Instant until) {
  for (; done_ < edges_.size() && edges_[done_].at <= until; ++done_) {
    const Edge& edge = edges_[done_];
    if (!trace_) continue;
    trace_->record({.at = edge.at,
                    .kind = edge.start ? TraceKind::kFaultStart : TraceKind::kFaultEnd,
                    .a = edge.rule});
  }
}

}  // namespace soliton
