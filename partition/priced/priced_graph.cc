#include "partition/priced/priced_graph.h"

#include <algorithm>

namespace soliton::priced {

std::size_t group_count(const PricedGraph& graph) {
  std::size_t count = 0;
  for (const Operator& it : graph.operators) count = std::max(count, it.group + 1);
  return count;
}

const char* objective_name(Objective objective) {
  return objective == Objective::kThroughput ? "throughput" : "latency";
}

std::optional<Objective> parse_objective(const std::string& name) {
  if (name == "throughput") return Objective::kThroughput;
  if (name == "latency") return Objective::kLatency;
  return std::nullopt;
}

}  // namespace soliton::priced
