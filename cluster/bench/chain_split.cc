#include "cluster/bench/chain_split.h"

#include <algorithm>
#include <array>
#include <limits>

namespace soliton {
namespace {

using priced::NodeKind;

// The units of the chain's vertices: [first[i], first[i + 1]).
std::vector<std::size_t> chain_of(const priced::PricedGraph& graph, const ContractedGraph& units) {
  const std::size_t count = units.units.size();
  // Differences of how many edges pass over a unit. Those that transfer nothing can be cut anywhere.
  std::vector<std::int64_t> passing(count + 1);
  for (const priced::Edge& edge : graph.edges) {
    const std::size_t from = units.unit_of[edge.from], to = units.unit_of[edge.to];
    if (from + 1 >= to || graph.operators[edge.from].transfer == Duration{}) continue;
    ++passing[from + 1];
    --passing[to];
  }
  std::vector<std::size_t> first;
  std::int64_t now = 0;
  bool alone_before = true;
  for (std::size_t unit = 0; unit < count; ++unit) {
    now += passing[unit];
    const bool alone = now == 0;
    if (alone || alone_before) first.push_back(unit);
    alone_before = alone;
  }
  first.push_back(count);
  return first;
}

// The load of a run of the chain's vertices as it grows.
class Run {
 public:
  Run(const priced::PricedGraph& graph, const ContractedGraph& units)
      : graph_(graph),
        units_(units),
        fetched_for_(graph.operators.size()),
        readers_left_(graph.operators.size()) {}

  // Begins an empty run before the unit `first`.
  void begin(std::size_t first) {
    first_ = first;
    ++number_;
    crossing_ = Duration{};
    bytes_ = 0;
    computing_.assign(graph_.classes.size(), Duration{});
  }

  void add(std::size_t number) {
    const GraphUnit& unit = units_.units[number];
    bytes_ += unit.bytes.count;
    for (std::size_t c = 0; c < computing_.size(); ++c)
      computing_[c] = computing_[c] && unit.times[c]
                          ? std::optional(*computing_[c] + *unit.times[c])
                          : std::nullopt;
    for (const std::size_t i : unit.operators) {
      const auto later = [&](std::size_t reader) { return units_.unit_of[reader] > number; };
      readers_left_[i] = std::ranges::count_if(units_.consumers[i], later);
      if (readers_left_[i] > 0) crossing_ += graph_.operators[i].transfer;
    }
    for (const std::size_t i : unit.operators)
      for (const std::size_t producer : units_.producers[i]) read(producer, number);
  }

  std::optional<Duration> computing(std::size_t node_class) const { return computing_[node_class]; }
  Duration crossing() const { return crossing_; }
  std::int64_t bytes() const { return bytes_; }

 private:
  void read(std::size_t producer, std::size_t by) {
    const std::size_t unit = units_.unit_of[producer];
    const Duration transfer = graph_.operators[producer].transfer;
    if (unit == by) return;
    if (unit >= first_) {
      if (--readers_left_[producer] == 0) crossing_ -= transfer;
    } else if (fetched_for_[producer] != number_) {
      fetched_for_[producer] = number_;
      crossing_ += transfer;
    }
  }

  const priced::PricedGraph& graph_;
  const ContractedGraph& units_;
  std::size_t first_ = 0, number_ = 0;
  std::vector<std::size_t> fetched_for_;    // number of the run for which it was fetched last
  std::vector<std::int64_t> readers_left_;  // outside of the run so far
  std::vector<std::optional<Duration>> computing_;
  Duration crossing_{};
  std::int64_t bytes_ = 0;
};

class Split {
 public:
  Split(const priced::PricedGraph& graph, const ContractedGraph& units)
      : graph_(graph), units_(units), first_(chain_of(graph, units)), run_(graph, units) {
    for (std::size_t c = graph.classes.size(); c-- > 0;)
      (graph.classes[c].kind == NodeKind::kCpu ? cpu_ : accelerator_) = c;
  }

  std::optional<verify::Places> least() {
    Duration low{}, high = Duration::max();
    if (!feasible(high)) return std::nullopt;
    high = largest_load();
    while (high - low > std::max(high / 1'000'000, Duration{1})) {
      const Duration middle = low + (high - low) / 2;
      if (feasible(middle))
        high = largest_load();
      else
        low = middle;
    }
    feasible(high);
    return places();
  }

 private:
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
  // The best way to have placed the first vertices of the chain, without and with the CPU.
  struct State {
    std::int64_t accelerators = kNone;
    std::size_t from = 0;  // where the last stage begins
    bool stage_on_cpu = false;
    Duration load{};  // of the last stage
  };

  std::int64_t count(std::optional<std::size_t> node_class) const {
    return node_class ? graph_.classes[*node_class].count : 0;
  }

  bool feasible(Duration limit) {
    const std::size_t vertices = first_.size() - 1;
    states_.assign(vertices + 1, {});
    states_[0][0].accelerators = 0;
    for (std::size_t from = 0; from < vertices; ++from) extend(from, limit);
    return !ends().empty();
  }

  // With the CPU, without it: states of the whole chain that are possible.
  std::vector<std::size_t> ends() const {
    std::vector<std::size_t> out;
    for (const std::size_t cpus : {0, 1})
      if (states_.back()[cpus].accelerators != kNone) out.push_back(cpus);
    return out;
  }

  void extend(std::size_t from, Duration limit) {
    const auto& before = states_[from];
    if (before[0].accelerators == kNone && before[1].accelerators == kNone) return;
    run_.begin(first_[from]);
    for (std::size_t to = from + 1; to < first_.size(); ++to) {
      for (std::size_t unit = first_[to - 1]; unit < first_[to]; ++unit) run_.add(unit);
      const bool accelerator = fits(accelerator_, limit);
      const bool cpu = fits(cpu_, limit);
      if (!accelerator && !cpu) return;
      if (accelerator) end_on_accelerator(from, to, limit);
      if (cpu && before[0].accelerators != kNone)
        improve(states_[to][1], {before[0].accelerators, from, true, *run_.computing(*cpu_)});
    }
  }

  void end_on_accelerator(std::size_t from, std::size_t to, Duration limit) {
    const Duration load = *run_.computing(*accelerator_) + run_.crossing();
    if (load > limit) return;
    for (const std::size_t cpus : {0, 1}) {
      const State& before = states_[from][cpus];
      if (before.accelerators < count(accelerator_))
        improve(states_[to][cpus], {before.accelerators + 1, from, false, load});
    }
  }

  // Neither computing nor memory gets less as the run grows, while its load may.
  bool fits(std::optional<std::size_t> node_class, Duration limit) const {
    if (count(node_class) == 0) return false;
    const priced::NodeClass& nodes = graph_.classes[*node_class];
    const std::optional<Duration> computing = run_.computing(*node_class);
    return computing && *computing <= limit &&
           (nodes.kind == NodeKind::kCpu || run_.bytes() <= nodes.memory.count);
  }

  static void improve(State& state, const State& with) {
    if (with.accelerators < state.accelerators) state = with;
  }

  template <typename Take>
  void for_stages(Take take) const {
    std::size_t cpus = ends().front();
    for (std::size_t to = first_.size() - 1; to > 0;) {
      const State& state = states_[to][cpus];
      take(state, to);
      if (state.stage_on_cpu) cpus = 0;
      to = state.from;
    }
  }

  Duration largest_load() const {
    Duration out{};
    for_stages([&](const State& state, std::size_t) { out = std::max(out, state.load); });
    return out;
  }

  verify::Places places() const {
    verify::Places of_units(units_.units.size());
    for_stages([&](const State& state, std::size_t to) {
      const priced::Place place =
          state.stage_on_cpu ? priced::Place{static_cast<std::uint32_t>(*cpu_), 0}
                             : priced::Place{static_cast<std::uint32_t>(*accelerator_),
                                             static_cast<std::uint32_t>(state.accelerators - 1)};
      std::fill(of_units.begin() + static_cast<std::ptrdiff_t>(first_[state.from]),
                of_units.begin() + static_cast<std::ptrdiff_t>(first_[to]), place);
    });
    return places_of_units(units_, of_units);
  }

  const priced::PricedGraph& graph_;
  const ContractedGraph& units_;
  const std::vector<std::size_t> first_;
  std::optional<std::size_t> accelerator_, cpu_;  // classes
  Run run_;
  std::vector<std::array<State, 2>> states_;  // by vertices placed
};

}  // namespace

std::optional<verify::Places> chain_split(const priced::PricedGraph& graph,
                                          const ContractedGraph& units) {
  return Split(graph, units).least();
}

}  // namespace soliton
