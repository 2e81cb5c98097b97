#include <fmt/format.h>

#include <algorithm>

#include "partition/assign/assign.h"
#include "partition/assign/latency.h"
#include "partition/assign/throughput.h"
#include "protocol/base/check.h"

namespace soliton::assignment {
namespace {

using priced::Assignment;
using priced::Objective;
using priced::Place;
using priced::PricedGraph;

// Nodes of each class in the order of the segments.
std::vector<Place> places_of(const PricedGraph& graph, const ThroughputOutcome& outcome) {
  std::vector<Place> out(graph.operators.size());
  std::vector<std::uint32_t> used(graph.classes.size());
  for (const Segment& segment : outcome.best->segments) {
    const Place place{static_cast<std::uint32_t>(segment.node_class), used[segment.node_class]++};
    for (const Index unit : segment.units)
      for (const Index member : outcome.units.members[unit]) out[member] = place;
  }
  return out;
}

Error does_not_fit(const PricedGraph& graph, bool proved) {
  __int128 needed = 0, held = 0;
  std::int64_t nodes = 0;
  for (const priced::Operator& it : graph.operators) needed += it.size.count;
  for (const priced::NodeClass& it : graph.classes) {
    if (it.kind == priced::NodeKind::kCpu) continue;
    held += __int128{it.count} * it.memory.count;
    nodes += it.count;
  }
  const auto percent = static_cast<std::int64_t>(held == 0 ? 0 : (needed * 100 + held - 1) / held);
  return {ErrorCode::kDoesNotFit,
          proved ? fmt::format("total fits ({} %) but no packing exists on {} nodes (proved)",
                               percent, nodes)
                 : fmt::format("total fits ({} %) but no packing was found on {} nodes (no proof)",
                               percent, nodes)};
}

Result<Assignment> throughput(const PricedGraph& graph, const Effort& effort) {
  const ThroughputOutcome outcome = best_throughput(graph, effort);
  if (!outcome.best) return tl::unexpected(does_not_fit(graph, outcome.impossible));
  Assignment out;
  out.objective = Objective::kThroughput;
  out.places = places_of(graph, outcome);
  out.value = Duration{outcome.best->value};
  out.lower_bound = Duration{std::min(outcome.lower, outcome.best->value)};
  out.verdict = priced::verdict_of(out.value, out.lower_bound);
  out.method = outcome.method;
  return out;
}

std::vector<Place> places_of(const PricedGraph& graph, const LatencyPlan& plan) {
  std::vector<Place> out;
  for (const Index node_class : plan.cpu_class) out.push_back({node_class, 0});
  std::vector<std::uint32_t> used(graph.classes.size());
  for (const Group& group : plan.groups) {
    const Place place{static_cast<std::uint32_t>(group.node_class), used[group.node_class]++};
    for (const Index op : group.operators) out[op] = place;
  }
  return out;
}

Result<Assignment> latency(const PricedGraph& graph, const Effort& effort) {
  const LatencyOutcome outcome = best_latency(graph, effort);
  if (outcome.best.value == kForever)
    return tl::unexpected(does_not_fit(graph, outcome.impossible));
  Assignment out;
  out.objective = Objective::kLatency;
  out.places = places_of(graph, outcome.best);
  out.value = Duration{outcome.best.value};
  out.lower_bound = Duration{std::min(outcome.lower, outcome.best.value)};
  out.verdict = priced::verdict_of(out.value, out.lower_bound);
  out.method = outcome.method;
  return out;
}

}  // namespace

Result<Assignment> find(const PricedGraph& graph, Objective objective, const Effort& effort) {
  SOLITON_CHECK(!graph.operators.empty());
  return objective == Objective::kThroughput ? throughput(graph, effort) : latency(graph, effort);
}

}  // namespace soliton::assignment
