// The plan with the least largest load. Internal to the search.
#pragma once

#include <string>

#include "partition/assign/assign.h"
#include "partition/assign/order_split.h"

namespace soliton::assignment {

struct ThroughputOutcome {
  std::optional<Split> best;  // its units are those of `units`
  UnitGraph units;
  std::int64_t lower = 0;   // no plan is below it
  bool impossible = false;  // proved: there is no plan
  std::string method;
};

ThroughputOutcome best_throughput(const priced::PricedGraph& graph, const Effort& effort);

// The largest load of the segments.
std::int64_t largest_load(const UnitGraph& units, const std::vector<Segment>& segments);

}  // namespace soliton::assignment
