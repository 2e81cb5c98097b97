#include "partition/assign/latency.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "partition/assign/labels.h"
#include "partition/assign/orders.h"
#include "protocol/base/rng.h"

namespace soliton::assignment {
namespace {

constexpr std::size_t kUnitsMost = 700;      // more are searched in blocks of neighbours
constexpr std::size_t kExactSets = 20'000;   // lattices that are searched as a whole
constexpr std::size_t kLabelsOfOrder = 3;    // many orders find more than many labels
constexpr std::int64_t kStepsOfOrder = 200;  // what getting ready is worth, by operator
constexpr std::size_t kLabelsOfBest = 40;
constexpr std::size_t kLabelsOfLattice = 4000;
constexpr std::uint64_t kFirstOrders = 12;

class Search {
 public:
  Search(const priced::PricedGraph& graph, const Effort& effort)
      : graph_(graph),
        effort_(effort),
        flow_(make_flow(graph)),
        units_(contract(graph, {.free_operators = true, .drop_slack_memory = true})) {}

  LatencyOutcome run() {
    lower_ = path_bound(graph_, flow_);
    try_orders();
    try_lattice();
    vary_orders();
    LatencyOutcome out;
    if (best_.value != kForever) best_.value = latency_of(flow_, best_);
    out.best = std::move(best_);
    out.lower = impossible_ ? 0 : lower_;
    out.impossible = impossible_;
    out.method = fmt::format("{} orders by labels{}", tried_, lattice_words_);
    return out;
  }

 private:
  bool proved() const { return impossible_ || best_.value <= lower_; }

  // The best plan along an order; true if it is better than the best one so far.
  bool try_order(const UnitGraph& units, const std::vector<Index>& order, std::size_t labels) {
    steps_ -= kStepsOfOrder * static_cast<std::int64_t>(graph_.operators.size());
    const Lattice chain = Lattice::chain(units, order);
    LabelSearch search(units, flow_, chain);
    LabelLimits limits{labels, steps_};
    std::optional<LatencyPlan> found = search.search(best_.value, limits);
    steps_ = limits.steps;
    ++tried_;
    if (!found) return false;
    best_ = std::move(*found);
    return true;
  }

  // Large graphs are cut into blocks of units that follow each other in an order.
  bool try_any_order(const std::vector<Index>& order, std::size_t labels = kLabelsOfOrder) {
    if (units_.size <= kUnitsMost) return try_order(units_, order, labels);
    std::vector<Index> part(graph_.operators.size());
    for (std::size_t p = 0; p < order.size(); ++p)
      for (const Index op : units_.members[order[p]])
        part[op] = static_cast<Index>(p * kUnitsMost / order.size());
    const UnitGraph blocks = make_units(graph_, part, kUnitsMost, true);
    std::vector<Index> in_order(kUnitsMost);
    for (std::size_t op = 0; op < part.size(); ++op) in_order[part[op]] = blocks.unit_of[op];
    return try_order(blocks, in_order, labels);
  }

  void try_orders() {
    steps_ = effort_.label_steps / 3;
    for (std::uint64_t k = 0; k < kFirstOrders && steps_ > 0 && !proved(); ++k) {
      std::vector<Index> order = make_order(units_, k);
      if (try_any_order(order)) best_order_ = std::move(order);
    }
  }

  // All orders at once. A plan in which a group of several operators runs on a CPU may follow no
  // order of units, so with such groups nothing is proved.
  void try_lattice() {
    if (proved()) return;
    const std::optional<Lattice> lattice = Lattice::expand(units_, kExactSets);
    if (!lattice) return;
    LabelSearch search(units_, flow_, *lattice);
    LabelLimits limits{kLabelsOfLattice, effort_.label_steps / 3};
    std::optional<LatencyPlan> found = search.search(best_.value, limits);
    if (found) best_ = std::move(*found);
    lattice_words_ = fmt::format("; lattice of {} ideals", lattice->size());
    if (!search.complete() || priced::group_count(graph_) != graph_.operators.size()) return;
    impossible_ = best_.value == kForever;
    lower_ = best_.value;
  }

  // Orders near the best one: each unit moves by chance as far as its producers allow.
  void vary_orders() {
    steps_ = effort_.label_steps / 3;
    for (std::uint64_t k = 0; !best_order_.empty() && k < kVaried && steps_ > 0 && !proved(); ++k) {
      const Random chance(k, "varied orders");
      std::vector<Index> order = varied(best_order_, chance);
      if (try_any_order(order)) best_order_ = std::move(order);
    }
    steps_ = effort_.label_steps / 6;
    if (!best_order_.empty() && !proved()) try_any_order(best_order_, kLabelsOfBest);
  }

  std::vector<Index> varied(const std::vector<Index>& order, const Random& chance) const {
    static constexpr std::uint64_t kFar[] = {2, 4, 10, 30};
    const std::uint64_t far = kFar[chance.below(0, 4)];
    std::vector<std::pair<std::uint64_t, Index>> rank(order.size());
    for (std::size_t p = 0; p < order.size(); ++p)
      rank[order[p]] = {4 * p + (chance.below(p + 1, 4) == 0 ? 4 * chance.below(~p, far) : 0),
                        order[p]};
    std::vector<Index> waits(order.size());
    std::set<std::pair<std::uint64_t, Index>> ready;
    for (Index unit = 0; unit < order.size(); ++unit) {
      waits[unit] = static_cast<Index>(units_.producers[unit].size());
      if (waits[unit] == 0) ready.insert(rank[unit]);
    }
    std::vector<Index> out;
    while (!ready.empty()) {
      out.push_back(ready.begin()->second);
      ready.erase(ready.begin());
      for (const Index to : units_.consumers[out.back()])
        if (--waits[to] == 0) ready.insert(rank[to]);
    }
    return out;
  }

  static constexpr std::uint64_t kVaried = 400;

  const priced::PricedGraph& graph_;
  const Effort& effort_;
  FlowGraph flow_;
  UnitGraph units_;
  LatencyPlan best_;
  std::vector<Index> best_order_;
  std::int64_t lower_ = 0, steps_ = 0, tried_ = 0;
  bool impossible_ = false;
  std::string lattice_words_;
};

}  // namespace

LatencyOutcome best_latency(const priced::PricedGraph& graph, const Effort& effort) {
  return Search(graph, effort).run();
}

}  // namespace soliton::assignment
