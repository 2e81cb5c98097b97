#include "tests/unit/assign/brute_force.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "protocol/base/rng.h"

namespace soliton::priced {
namespace {

using Times = std::vector<std::int64_t>;

bool on_cpu(const PricedGraph& graph, const Place& place) {
  return graph.classes[place.node_class].kind == NodeKind::kCpu;
}

bool allowed(const PricedGraph& graph, Objective objective, const std::vector<Place>& places) {
  std::map<std::size_t, Place> of_group;
  std::map<Place, std::int64_t> memory;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Operator& it = graph.operators[i];
    const NodeClass& nodes = graph.classes[places[i].node_class];
    if (!it.times[places[i].node_class] || places[i].node >= nodes.count) return false;
    if (on_cpu(graph, places[i]) && objective == Objective::kLatency && places[i].node != 0)
      return false;
    if (of_group.try_emplace(it.group, places[i]).first->second != places[i]) return false;
    if (nodes.kind == NodeKind::kAccelerator &&
        (memory[places[i]] += it.size.count) > nodes.memory.count)
      return false;
  }
  return true;
}

// The point an operator is drawn as: a number for each node, or for each operator on a CPU where
// these stay what they are.
std::vector<std::size_t> points_of(const PricedGraph& graph, Objective objective,
                                   const std::vector<Place>& places) {
  std::map<Place, std::size_t> of_node;
  std::vector<std::size_t> out;
  std::size_t next = 0;
  for (const Place& place : places) {
    if (objective == Objective::kLatency && on_cpu(graph, place)) {
      out.push_back(next++);
      continue;
    }
    const auto [at, fresh] = of_node.try_emplace(place, next);
    if (fresh) ++next;
    out.push_back(at->second);
  }
  return out;
}

Times loads_of(const PricedGraph& graph, const std::vector<Place>& places,
               const std::vector<std::size_t>& points) {
  Times loads(places.size(), 0);
  for (std::size_t i = 0; i < places.size(); ++i)
    loads[points[i]] += graph.operators[i].times[places[i].node_class]->count();
  for (std::size_t i = 0; i < places.size(); ++i) {
    std::set<std::size_t> readers;
    for (const Edge& edge : graph.edges)
      if (edge.from == i && points[edge.to] != points[i]) {
        readers.insert(points[i]);
        readers.insert(points[edge.to]);
      }
    for (std::size_t k = 0; k < places.size(); ++k)
      if (readers.erase(points[k]) > 0 && !on_cpu(graph, places[k]))
        loads[points[k]] += graph.operators[i].transfer.count();
  }
  return loads;
}

// Ends of the points, by relaxing as long as anything changes; nullopt on a cycle.
std::optional<Times> ends_of(const PricedGraph& graph, const std::vector<std::size_t>& points,
                             const Times& loads) {
  Times ends = loads;
  for (std::size_t round = 0; round <= points.size(); ++round) {
    bool changed = false;
    for (const Edge& edge : graph.edges) {
      const std::size_t from = points[edge.from], to = points[edge.to];
      // A cycle of points without load must not end either: each edge counts at least 1.
      if (from == to || ends[to] >= ends[from] + loads[to]) continue;
      ends[to] = ends[from] + loads[to];
      changed = true;
    }
    if (!changed) return ends;
  }
  return std::nullopt;
}

bool circular(const PricedGraph& graph, const std::vector<std::size_t>& points) {
  return !ends_of(graph, points, Times(points.size(), 1));
}

}  // namespace

std::optional<std::int64_t> value_of(const PricedGraph& graph, Objective objective,
                                     const std::vector<Place>& places) {
  if (!allowed(graph, objective, places)) return std::nullopt;
  const std::vector<std::size_t> points = points_of(graph, objective, places);
  if (circular(graph, points)) return std::nullopt;
  const Times loads = loads_of(graph, places, points);
  return std::ranges::max(objective == Objective::kThroughput ? loads
                                                              : *ends_of(graph, points, loads));
}

std::optional<std::int64_t> brute_force(const PricedGraph& graph, Objective objective) {
  std::vector<Place> nodes;
  for (std::uint32_t c = 0; c < graph.classes.size(); ++c)
    for (std::uint32_t k = 0; k < graph.classes[c].count; ++k) {
      const bool one = objective == Objective::kLatency && graph.classes[c].kind == NodeKind::kCpu;
      if (!one || k == 0) nodes.push_back({c, k});
    }
  std::vector<Place> places(graph.operators.size());
  std::optional<std::int64_t> best;
  const std::function<void(std::size_t)> go = [&](std::size_t at) {
    if (at == places.size()) {
      const std::optional<std::int64_t> value = value_of(graph, objective, places);
      if (value && (!best || *value < *best)) best = value;
      return;
    }
    for (const Place& node : nodes) {
      if (!graph.operators[at].times[node.node_class]) continue;
      places[at] = node;
      go(at + 1);
    }
  };
  go(0);
  return best;
}

PricedGraph random_graph(std::uint64_t seed, const RandomGraph& kind) {
  const Random chance(seed, "random priced graph");
  std::uint64_t drawn = 0;
  const auto draw = [&](std::uint64_t below) {
    return static_cast<std::int64_t>(chance.below(drawn++, below));
  };
  PricedGraph out;
  out.classes.push_back({"fpga", NodeKind::kAccelerator, draw(4), Bytes{8 + draw(24)}});
  out.classes.push_back({"cpu", NodeKind::kCpu, draw(3)});
  if (kind.second_class && draw(3) == 0)
    out.classes.push_back({"gpu", NodeKind::kAccelerator, draw(2), Bytes{8 + draw(24)}});
  if (out.classes[0].count + out.classes[1].count == 0) out.classes[0].count = 1;
  const std::size_t size = 1 + static_cast<std::size_t>(draw(kind.most));
  const std::int64_t transfer = draw(2) == 0 ? 3 : 12, grouped = kind.groups ? draw(4) : 0;
  std::map<std::int64_t, std::size_t> groups;
  for (std::size_t i = 0; i < size; ++i) {
    Operator it;
    it.id = std::to_string(i);
    for (std::size_t c = 0; c < out.classes.size(); ++c) {
      const std::int64_t time = draw(6) == 0 ? 0 : draw(20);
      it.times.push_back(draw(12) == 0 ? std::nullopt
                                       : std::optional(Duration{c == 1 ? 2 * time : time}));
    }
    it.transfer = Duration{draw(3) == 0 ? 0 : draw(transfer)};
    it.size = Bytes{draw(3) == 0 ? 0 : draw(9)};
    const std::int64_t color = grouped == 3 ? draw(4) : static_cast<std::int64_t>(10 + i);
    it.group = groups.try_emplace(color, groups.size()).first->second;
    out.operators.push_back(std::move(it));
  }
  const std::int64_t dense = 1 + draw(4);
  for (std::size_t from = 0; from < size; ++from)
    for (std::size_t to = from + 1; to < size; ++to)
      if (draw(5) < dense) out.edges.push_back({from, to});
  return out;
}

}  // namespace soliton::priced
