#include "partition/assign/throughput.h"

#include <fmt/format.h>

#include <algorithm>

#include "partition/assign/lattice_split.h"
#include "partition/assign/orders.h"

namespace soliton::assignment {
namespace {

constexpr std::int64_t kAnyLoad = std::int64_t{1} << 62;

class Search {
 public:
  Search(const UnitGraph& units, const Effort& effort)
      : units_(units), effort_(effort), prices_(find_prices(units)) {}

  void run(ThroughputOutcome& out) {
    lower_ = load_bound(units_, prices_);
    try_orders();
    if (!proved()) try_lattice();
    out.lower = impossible_ ? 0 : lower_;
    out.impossible = impossible_;
    out.best = std::move(best_);
    out.method = method_;
  }

 private:
  std::int64_t value() const { return best_ ? best_->value : kForever; }
  bool proved() const { return impossible_ || (best_ && best_->value <= lower_); }
  bool take(std::optional<Split> found) {
    if (!found || found->value >= value()) return false;
    best_ = std::move(found);
    return true;
  }

  void try_orders() {
    OrderSplit cut(units_, prices_);
    std::int64_t steps = effort_.order_steps, tried = 0;
    const bool only = only_order(units_);
    for (; tried < (only ? 1 : effort_.orders) && steps > 0 && !proved(); ++tried) {
      cut.set_order(make_order(units_, static_cast<std::uint64_t>(tried)));
      take(cut.best(lower_, value(), steps));
    }
    method_ = fmt::format("{} order{} cut exactly", tried, tried == 1 ? "" : "s");
    if (!only || steps < 0) return;
    method_ = "the only order cut exactly";
    impossible_ = !best_;
    if (best_) lower_ = best_->value;
  }

  void try_lattice() {
    const std::optional<Lattice> lattice =
        Lattice::expand(units_, static_cast<std::size_t>(effort_.lattice_sets));
    if (!lattice) {
      method_ += fmt::format("; more than {} ideals", effort_.lattice_sets);
      return;
    }
    method_ += fmt::format("; lattice of {} ideals", lattice->size());
    LatticeSplit cut(units_, prices_, *lattice);
    std::int64_t steps = effort_.lattice_steps, first = effort_.lattice_steps / 4;
    // The best plan is often the best there is.
    if (ask(cut, limit_below_best(), first) == Answer::kTooLong) undecided_ = value();
    climb(cut, steps);
  }

  std::int64_t limit_below_best() const { return best_ ? best_->value - 1 : kAnyLoad; }

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
      impossible_ = !best_ && most == kAnyLoad;
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
  Prices prices_;
  std::optional<Split> best_;
  std::int64_t lower_ = 0;
  std::int64_t undecided_ = kForever;  // a limit for which the decision takes too long
  bool impossible_ = false;
  std::string method_;
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
    const auto repeated = std::ranges::unique(reached);
    reached.erase(repeated.begin(), repeated.end());
    for (const std::size_t s : reached)
      if (units.classes[segments[s].node_class].pays) loads[s] += units.nets[net].cost;
  }
  return loads.empty() ? 0 : *std::ranges::max_element(loads);
}

ThroughputOutcome best_throughput(const priced::PricedGraph& graph, const Effort& effort) {
  ThroughputOutcome out;
  out.units = contract(graph, {.free_operators = true, .drop_slack_memory = true});
  Search(out.units, effort).run(out);
  return out;
}

}  // namespace soliton::assignment
