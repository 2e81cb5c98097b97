#include "cluster/bench/partition_peers.h"

#include <fmt/format.h>

#include <algorithm>

#include "cluster/bench/chain_split.h"
#include "cluster/bench/contracted_graph.h"
#include "cluster/bench/graph_partitioners.h"

namespace soliton {
namespace {

using priced::NodeKind;
using priced::Objective;
using priced::Place;
using priced::PricedGraph;
using verify::Places;

// A chain of this many operators takes seconds.
constexpr std::size_t kChainOperators = 20'000;

constexpr const char* kDoesNotFit = "does not fit";

std::optional<Place> first_cpu(const PricedGraph& graph) {
  for (std::uint32_t c = 0; c < graph.classes.size(); ++c)
    if (graph.classes[c].kind == NodeKind::kCpu && graph.classes[c].count > 0) return Place{c, 0};
  return std::nullopt;
}

std::vector<Place> accelerators(const PricedGraph& graph) {
  std::vector<Place> out;
  for (std::uint32_t c = 0; c < graph.classes.size(); ++c)
    if (graph.classes[c].kind == NodeKind::kAccelerator)
      for (std::uint32_t i = 0; i < graph.classes[c].count; ++i) out.push_back({c, i});
  return out;
}

class Greedy {
 public:
  explicit Greedy(const PricedGraph& graph)
      : graph_(graph),
        units_(contracted(graph)),
        nodes_(accelerators(graph)),
        cpu_(first_cpu(graph)) {}

  std::optional<Places> fill(Duration limit) {
    Places out;
    at_ = 0;
    empty_node();
    cpu_time_ = Duration{};
    for (const GraphUnit& unit : units_.units) {
      const std::optional<Place> place = place_for(unit, limit);
      if (!place) return std::nullopt;
      out.push_back(*place);
    }
    return places_of_units(units_, out);
  }

 private:
  void empty_node() {
    computing_ = Duration{};
    bytes_ = 0;
  }

  std::optional<Place> place_for(const GraphUnit& unit, Duration limit) {
    const auto runs_on = [&](const Place& it) { return unit.times[it.node_class].has_value(); };
    if (std::ranges::any_of(nodes_, runs_on))
      for (; at_ < nodes_.size(); ++at_, empty_node())
        if (runs_on(nodes_[at_]) && holds(unit, limit)) return nodes_[at_];
    if (!cpu_ || !runs_on(*cpu_)) return std::nullopt;
    cpu_time_ += *unit.times[cpu_->node_class];
    return cpu_time_ <= limit ? cpu_ : std::nullopt;
  }

  // Puts the unit on the node that is being filled, if there is room.
  bool holds(const GraphUnit& unit, Duration limit) {
    const Place& node = nodes_[at_];
    const Duration computing = computing_ + *unit.times[node.node_class];
    const std::int64_t bytes = bytes_ + unit.bytes.count;
    if (computing > limit || bytes > graph_.classes[node.node_class].memory.count) return false;
    computing_ = computing;
    bytes_ = bytes;
    return true;
  }

  const PricedGraph& graph_;
  const ContractedGraph units_;
  const std::vector<Place> nodes_;
  const std::optional<Place> cpu_;
  std::size_t at_ = 0;  // node that is being filled
  Duration computing_{}, cpu_time_{};
  std::int64_t bytes_ = 0;
};

// Units as vertices, weighted by their time on an accelerator.
WeightedGraph undirected(const PricedGraph& graph, const ContractedGraph& units,
                         std::size_t accelerator) {
  WeightedGraph out;
  for (const GraphUnit& unit : units.units)
    out.vertices.push_back(
        {unit.times[accelerator].value_or(Duration{}).count(), unit.bytes.count, {}});
  for (const priced::Edge& edge : graph.edges) {
    const std::size_t from = units.unit_of[edge.from], to = units.unit_of[edge.to];
    if (from == to) continue;
    const std::int64_t transfer = graph.operators[edge.from].transfer.count();
    out.vertices[from].neighbours[to] += transfer;
    out.vertices[to].neighbours[from] += transfer;
  }
  return out;
}

Result<Places> program_split(const PricedGraph& graph, const GraphPartitioner& program) {
  const std::vector<Place> nodes = accelerators(graph);
  const ContractedGraph units = contracted(graph);
  if (nodes.empty()) return failure(ErrorCode::kDoesNotFit, kDoesNotFit);
  const std::uint32_t accelerator = nodes.front().node_class;
  const auto parts = parts_of(undirected(graph, units, accelerator), nodes.size(), program);
  if (!parts) return tl::unexpected<Error>(parts.error());
  const std::optional<Place> cpu = first_cpu(graph);
  Places out;
  for (std::size_t i = 0; i < units.units.size(); ++i) {
    const bool runs = units.units[i].times[accelerator].has_value();
    if (!runs && !cpu) return failure(ErrorCode::kDoesNotFit, kDoesNotFit);
    out.push_back(runs ? nodes[(*parts)[i]] : *cpu);
  }
  return places_of_units(units, out);
}

Result<Places> chains(const PricedGraph& graph) {
  if (graph.operators.size() > kChainOperators)
    return failure(ErrorCode::kEnvironment, "left out, too large");
  std::optional<Places> places = chain_split(graph, contracted(graph));
  if (!places) return failure(ErrorCode::kDoesNotFit, kDoesNotFit);
  return *std::move(places);
}

Result<Places> all_on_cpu(const PricedGraph& graph) {
  const std::optional<Place> cpu = first_cpu(graph);
  if (!cpu) return failure(ErrorCode::kDoesNotFit, "no CPU");
  return Places(graph.operators.size(), *cpu);
}

bool of_one_kind(const PricedGraph& graph) {
  const auto accelerator = [](const priced::NodeClass& it) {
    return it.kind == NodeKind::kAccelerator && it.count > 0;
  };
  return std::ranges::count_if(graph.classes, accelerator) == 1;
}

}  // namespace

Result<Places> greedy_split(const PricedGraph& graph, Objective objective) {
  Greedy greedy(graph);
  std::optional<Places> best = greedy.fill(Duration::max());
  if (!best) return failure(ErrorCode::kDoesNotFit, kDoesNotFit);
  if (objective == Objective::kLatency) return *std::move(best);
  Duration low{}, high = *verify::value_of(graph, objective, *best);
  while (high - low > std::max(high / 1'000'000, Duration{1})) {
    const Duration middle = low + (high - low) / 2;
    std::optional<Places> places = greedy.fill(middle);
    (places ? high : low) = middle;
    if (places) best = std::move(places);
  }
  return *std::move(best);
}

PeerPlan scored(const std::string& name, const PricedGraph& graph, Objective objective,
                const Result<Places>& places) {
  if (!places) return {name, std::nullopt, places.error().message};
  if (const std::string wrong = verify::misplaced(graph, *places); !wrong.empty())
    return {name, std::nullopt, wrong};
  PeerPlan out{name, verify::value_of(graph, objective, *places), ""};
  if (!verify::circle(graph, objective, *places).empty())
    out.remark = "not contiguous";
  else if (!verify::overfull(graph, verify::uses_of(graph, *places)).empty())
    out.remark = "over memory";
  return out;
}

std::vector<PeerPlan> peer_plans(const PricedGraph& graph, Objective objective) {
  std::vector<PeerPlan> out;
  const auto add = [&](const char* name, const Result<Places>& places) {
    out.push_back(scored(name, graph, objective, places));
  };
  add("greedy", greedy_split(graph, objective));
  if (objective == Objective::kLatency) add("all on the CPU", all_on_cpu(graph));
  if (!of_one_kind(graph)) return out;
  add("PipeDream chains", chains(graph));
  for (const GraphPartitioner& program : graph_partitioners()) {
    if (installed(program))
      add(program.name, program_split(graph, program));
    else
      out.push_back({program.name, std::nullopt, "not installed"});
  }
  return out;
}

}  // namespace soliton
