#include "fabric/sim/fault_windows.h"

#include <algorithm>

namespace soliton {

FaultWindows::FaultWindows(const FaultPlan& plan, EarliestEvents* trace)
    : end_(plan.until), trace_(trace) {
  for (std::uint32_t r = 0; trace_ != nullptr && r < plan.rules.size(); ++r) {
    Edge& edge = edges_.emplace_back(Edge{.times = plan.times(r)});
    // Those about nodes are told by the nodes.
    if (plan.rules[r].nodes.empty()) look(edge);
    next_ = std::min(next_, edge.at);
  }
}

void FaultWindows::look(Edge& edge) const {
  const std::optional<FaultWindow> window = edge.times.window(edge.number);
  if (!window || window->from >= end_)
    edge.at = kNever;
  else
    edge.at = edge.start ? window->from : window->until;
}

void FaultWindows::record_edges(Instant until) {
  while (next_ <= until && next_ != kNever) {
    const auto first = std::ranges::min_element(edges_, {}, &Edge::at);
    trace_->record({.at = first->at,
                    .kind = first->start ? TraceKind::kFaultStart : TraceKind::kFaultEnd,
                    .a = first - edges_.begin()});
    if (!first->start) ++first->number;
    first->start = !first->start;
    look(*first);
    next_ = std::ranges::min_element(edges_, {}, &Edge::at)->at;
  }
}

}  // namespace soliton
