// The answer to a priced graph: a node for every operator, what that is worth and what is proved
// of it. Values only.
//
// Legal assignments (class `contiguous`), for both objectives:
//   - operators of a group are on one node, each on a node whose class has a time for it;
//   - sizes on an accelerator add up to at most its memory;
//   - what is left when each node is drawn as one point has no cycle. For objective latency only
//     accelerators are drawn as points, and operators on a CPU stay what they are.
// A node's set then is the difference of two nested sets that are closed under predecessors.
//
// Load of an accelerator: its operators' times, plus the transfer of each outside operator with a
// consumer inside, once, plus the transfer of each inside operator with a consumer outside, once.
// Load of a CPU: its operators' times.
//
//   throughput  value = largest load of a node
//   latency     value = time until the last operator is done. An accelerator starts when all
//               outside operators that feed it are done, is busy for its load, and all its results
//               are there at its end. An operator on a CPU starts when its producers are done; the
//               number of CPUs is not enforced where there is one, and all are called 0 of their
//               class.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "partition/priced/priced_graph.h"
#include "protocol/base/result.h"
#include "protocol/json/json.h"

namespace soliton::priced {

struct Place {
  std::uint32_t node_class = 0;  // index into PricedGraph::classes
  std::uint32_t node = 0;        // below the count of the class
  auto operator<=>(const Place&) const = default;
};

struct Assignment {
  Objective objective = Objective::kThroughput;
  std::vector<Place> places;  // by operator
  Duration value{};
  Duration lower_bound{};  // no legal assignment is below it; 0: no bound is known
  std::string verdict;     // "optimal" | "within X %" | "no proof"
  std::string plan_class = "contiguous";
  std::string method;
  double seconds = 0;  // wall time of the search; not part of the answer
};

// "fpga3"
std::string place_name(const PricedGraph& graph, const Place& place);

// The verdict that value and bound allow: `optimal`, `within X %` with X rounded up to 0.01, or
// `no proof`, also when X would exceed 1000.
std::string verdict_of(Duration value, Duration lower_bound);

// {"objective", "value_ms", "lower_bound_ms", "gap", "verdict", "class", "method", "seconds",
// "assignment": {id: node}}. Times are exact, in milliseconds; `gap` is value / bound - 1. Both
// are null without a bound.
Json assignment_json(const PricedGraph& graph, const Assignment& assignment);

// plan.json: the members above, and "graph", the priced graph in the public format. REQUIRES: the
// classes of the graph are those of the public format.
Json planned_json(const PricedGraph& graph, const Assignment& assignment);

}  // namespace soliton::priced
