#include "partition/assign/throughput.h"

#include <fmt/format.h>

#include <algorithm>

#include "partition/assign/coarsen.h"
#include "partition/assign/lattice_split.h"
#include "partition/assign/orders.h"

namespace soliton::assignment {
namespace {

constexpr std::int64_t kOrdersFirst = 12;  // before the lattice
constexpr std::int64_t kAnyLoad = std::int64_t{1} << 62;

// The search over one graph of units. `limit`: only plans below it are of interest.
class Search {
 public:
  Search(const UnitGraph& units, const Effort& effort, std::int64_t limit = kForever)
      : units_(units),
        effort_(effort),
        limit_(limit),
        prices_(find_prices(units)),
        order_steps_(effort.order_steps) {}

  void run() {
    lower_ = load_bound(units_, prices_);
    try_orders(std::min(effort_.orders, kOrdersFirst));
    if (!proved()) try_lattice();
  }
  // The orders that run() left out.
  void try_more_orders() { try_orders(effort_.orders); }
  // Better plans that were found elsewhere.
  bool take(std::optional<Split> found) {
    if (!found || found->value >= value()) return false;
    best_ = std::move(found);
    return true;
  }
  const std::optional<Split>& best() const { return best_; }
  bool open() const { return !proved(); }
  bool whole_lattice() const { return whole_lattice_; }
  std::int64_t lower() const { return lower_; }

  void finish(ThroughputOutcome& out) {
    out.lower = impossible_ ? 0 : lower_;
    out.impossible = impossible_;
    out.best = std::move(best_);
    out.method =
        fmt::format("{} order{} cut exactly{}", tried_, tried_ == 1 ? "" : "s", lattice_words_);
  }

 private:
  std::int64_t value() const { return best_ ? best_->value : limit_; }
  bool proved() const { return impossible_ || value() <= lower_; }

  void try_orders(std::int64_t count) {
    OrderSplit cut(units_, prices_);
    const bool only = only_order(units_);
    for (; tried_ < (only ? 1 : count) && order_steps_ > 0 && !proved(); ++tried_) {
      cut.set_order(make_order(units_, static_cast<std::uint64_t>(tried_)));
      take(cut.best(lower_, value(), order_steps_));
    }
    if (!only || order_steps_ < 0) return;
    impossible_ = value() == kForever;
    lower_ = value();
  }

  void try_lattice() {
    const auto most = std::min(static_cast<std::size_t>(effort_.lattice_sets),
                               LatticeSplit::most_sets(units_, prices_));
    const std::optional<Lattice> lattice = Lattice::expand(units_, most);
    whole_lattice_ = lattice.has_value();
    lattice_words_ = lattice ? fmt::format("; lattice of {} ideals", lattice->size())
                             : fmt::format("; more than {} ideals", most);
    if (!lattice) return;
    LatticeSplit cut(units_, prices_, *lattice);
    std::int64_t steps = effort_.lattice_steps, first = effort_.lattice_steps / 4;
    // The best plan is often the best there is.
    if (ask(cut, limit_below_best(), first) == Answer::kTooLong) undecided_ = value();
    climb(cut, steps);
  }

  std::int64_t limit_below_best() const { return value() == kForever ? kAnyLoad : value() - 1; }

  // Low limits are decided fast, because few beginnings of plans can be finished: goes up from the
  // bound in growing steps, then bisects what is open.
  void climb(LatticeSplit& cut, std::int64_t& steps) {
    std::int64_t stride = std::max<std::int64_t>(1, lower_ >> 12);
    while (!proved() && steps > 0 && undecided_ - lower_ > lower_ / 4000) {
      const std::int64_t top = std::min(limit_below_best(), undecided_);
      const std::int64_t middle = lower_ + (top - lower_) / 2;
      const std::int64_t most = stride > 0 ? std::min(lower_ + stride, middle) : middle;
      switch (ask(cut, most, steps)) {
        case Answer::kTooLong:
          undecided_ = most;
          stride = 0;
          break;
        case Answer::kNo:
          stride *= 2;
          break;
        case Answer::kYes:
          stride = 0;
      }
    }
  }

  // Decides whether loads up to `most` are possible, and learns from the answer.
  Answer ask(LatticeSplit& cut, std::int64_t most, std::int64_t& steps) {
    const Answer answer = cut.decide(most, steps);
    if (answer == Answer::kNo) {
      impossible_ = value() == kForever && most == kAnyLoad;
      lower_ = std::min(value(), std::max(most + 1, cut.next()));
    } else if (answer == Answer::kYes) {
      Split found = cut.split();
      found.value = largest_load(units_, found.segments);
      take(std::move(found));
      polish();
    }
    return answer;
  }

  // The order in which the best plan's segments lie may have better cuts.
  void polish() {
    std::vector<Index> order;
    for (const Segment& it : best_->segments)
      order.insert(order.end(), it.units.begin(), it.units.end());
    OrderSplit cut(units_, prices_);
    cut.set_order(order);
    std::int64_t steps = effort_.order_steps / 8;
    take(cut.best(lower_, value(), steps));
  }

  const UnitGraph& units_;
  const Effort& effort_;
  std::int64_t limit_;
  Prices prices_;
  std::optional<Split> best_;
  std::int64_t lower_ = 0;
  std::int64_t undecided_ = kForever;  // a limit for which the decision takes too long
  bool impossible_ = false, whole_lattice_ = false;
  std::int64_t order_steps_ = 0, tried_ = 0;
  std::string lattice_words_;
};

// Where the lattice of the whole graph is too large: those of smaller graphs, first of rows of units
// as long as needed, then with all units near the borders of the best plan.
class Refiner {
 public:
  Refiner(const priced::PricedGraph& graph, const UnitGraph& units, Search& search)
      : graph_(graph), units_(units), search_(search) {
    effort_.orders = 6;
    effort_.order_steps = 20'000'000;
    effort_.lattice_sets = 60'000;
    effort_.lattice_steps = 30'000'000;
  }

  void run() {
    for (int halvings = 6; halvings > 0; --halvings)
      if (solve(everywhere(search_.lower() >> halvings))) break;
    for (int round = 0; round < kRounds && search_.open(); ++round) {
      const std::int64_t before = search_.best()->value;
      for (std::size_t near = 4; near > 0; --near)
        if (solve(near_borders(near, search_.lower() >> (round % 2 == 0 ? 3 : 4)))) break;
      if (search_.best()->value == before && round > 0) return;
    }
  }

 private:
  static constexpr int kRounds = 6;

  CoarsenOptions everywhere(std::int64_t longest) const {
    return {longest, std::vector<char>(units_.size), std::vector<Index>(units_.size)};
  }

  // Apart stay units within `near` steps of another segment.
  CoarsenOptions near_borders(std::size_t near, std::int64_t longest) const {
    CoarsenOptions out = everywhere(longest);
    const std::vector<Segment>& segments = search_.best()->segments;
    for (Index s = 0; s < segments.size(); ++s)
      for (const Index unit : segments[s].units) out.segment_of[unit] = s;
    for (std::size_t step = 0; step < near; ++step) {
      std::vector<char> apart = out.apart;
      for (Index from = 0; from < units_.size; ++from)
        for (const Index to : units_.consumers[from]) {
          const bool border = out.segment_of[from] != out.segment_of[to];
          apart[from] = apart[from] || border || out.apart[to];
          apart[to] = apart[to] || border || out.apart[from];
        }
      out.apart = std::move(apart);
    }
    return out;
  }

  // False if the lattice of the smaller graph is too large as well.
  bool solve(const CoarsenOptions& options) {
    const UnitGraph coarse = coarsen(graph_, units_, options);
    Search search(coarse, effort_, search_.best() ? search_.best()->value : kForever);
    search.run();
    if (search.best()) {
      Split split;
      for (const Segment& it : search.best()->segments) split.segments.push_back(fine(coarse, it));
      split.value = largest_load(units_, split.segments);
      search_.take(std::move(split));
    }
    return search.whole_lattice() || !search.open();
  }

  Segment fine(const UnitGraph& coarse, const Segment& segment) const {
    Segment out{{}, segment.node_class};
    for (const Index unit : segment.units)
      for (const Index op : coarse.members[unit]) out.units.push_back(units_.unit_of[op]);
    std::ranges::sort(out.units);
    out.units.erase(std::unique(out.units.begin(), out.units.end()), out.units.end());
    return out;
  }

  const priced::PricedGraph& graph_;
  const UnitGraph& units_;
  Search& search_;
  Effort effort_;
};

}  // namespace

std::int64_t largest_load(const UnitGraph& units, const std::vector<Segment>& segments) {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::vector<std::size_t> segment_of(units.size, kNone);
  for (std::size_t s = 0; s < segments.size(); ++s)
    for (const Index unit : segments[s].units) segment_of[unit] = s;
  std::vector<std::int64_t> loads(segments.size());
  for (std::size_t s = 0; s < segments.size(); ++s)
    for (const Index unit : segments[s].units) loads[s] += units.time(unit, segments[s].node_class);
  std::vector<std::size_t> reached;
  for (std::size_t net = 0; net < units.nets.size(); ++net) {
    const std::size_t source = segment_of[units.nets[net].source];
    reached.clear();
    for (const Index sink : units.sinks[net])
      if (segment_of[sink] != source) reached.push_back(segment_of[sink]);
    if (reached.empty()) continue;
    reached.push_back(source);
    std::ranges::sort(reached);
    reached.erase(std::unique(reached.begin(), reached.end()), reached.end());
    for (const std::size_t s : reached)
      if (units.classes[segments[s].node_class].pays) loads[s] += units.nets[net].cost;
  }
  return loads.empty() ? 0 : *std::ranges::max_element(loads);
}

ThroughputOutcome best_throughput(const priced::PricedGraph& graph, const Effort& effort) {
  ThroughputOutcome out;
  out.units = contract(graph, {.free_operators = true, .drop_slack_memory = true});
  Search search(out.units, effort);
  search.run();
  if (search.open()) search.try_more_orders();
  if (search.open() && !search.whole_lattice()) Refiner(graph, out.units, search).run();
  search.finish(out);
  return out;
}

}  // namespace soliton::assignment
