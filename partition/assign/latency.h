// The plan with the least latency of a request. Internal to the search.
#pragma once

#include <string>

#include "partition/assign/assign.h"
#include "partition/assign/flow_graph.h"

namespace soliton::assignment {

struct LatencyOutcome {
  LatencyPlan best;         // value kForever: none was found
  std::int64_t lower = 0;   // no plan is below it
  bool impossible = false;  // proved: there is no plan
  std::string method;
};

LatencyOutcome best_latency(const priced::PricedGraph& graph, const Effort& effort);

}  // namespace soliton::assignment
