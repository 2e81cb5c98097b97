#include "partition/assign/labels.h"

#include <algorithm>

namespace soliton::assignment {
namespace {

constexpr std::size_t kMostTimes = 25'000'000;  // of all labels: 200 MiB
constexpr std::int64_t kStepsOfLabel = 16;      // what making one is worth

}  // namespace

LabelSearch::LabelSearch(const UnitGraph& units, const FlowGraph& flow, const Lattice& lattice)
    : units_(units), flow_(flow), lattice_(lattice), walk_(units, lattice) {
  find_open();
  find_radix();
  slot_of_.assign(flow.producers.size(), kNone);
  std::vector<std::pair<Index, Index>> members;
  for (const Index op : flow.order) members.push_back({units.unit_of[op], op});
  members_ = Rows<Index>(units.size, members);
  member_slot_.resize(flow.producers.size());
  for (std::size_t unit = 0; unit < units.size; ++unit)
    for (Index k = 0; k < members_[unit].size(); ++k) member_slot_[members_[unit][k]] = k;
}

// What is open after a step: what was open before and still has a consumer outside, and the unit's
// own operators that have one.
void LabelSearch::find_open() {
  std::vector<std::vector<Index>> open(lattice_.size());
  std::vector<bool> known(lattice_.size());
  known[0] = true;
  for (std::size_t set = 0; set < lattice_.size(); ++set)
    for (const Lattice::Step& step : lattice_.steps(set)) {
      if (known[step.to]) continue;
      known[step.to] = true;
      const auto take = [&](Index op) {
        const bool needed = std::ranges::any_of(flow_.consumers[op], [&](Index to) {
          return !lattice_.holds(step.to, units_.unit_of[to]);
        });
        if (needed) open[step.to].push_back(op);
      };
      for (const Index op : open[set]) take(op);
      for (const Index op : units_.members[step.unit]) take(op);
      std::ranges::sort(open[step.to]);
    }
  std::vector<std::pair<Index, Index>> pairs;
  for (Index set = 0; set < open.size(); ++set)
    for (const Index op : open[set]) pairs.push_back({set, op});
  open_ = Rows<Index>(lattice_.size(), pairs);
}

void LabelSearch::find_radix() {
  std::size_t radix = 1;
  for (const UnitClass& it : units_.classes) {
    most_.push_back(it.pays ? static_cast<std::size_t>(it.count) : 0);
    radix_.push_back(it.pays ? radix : 0);
    if (it.pays) radix *= most_.back() + 1;
  }
}

bool LabelSearch::fewer_used(Index a, Index b) const {
  for (std::size_t c = 0; c < most_.size(); ++c)
    if (radix_[c] > 0 && a / radix_[c] % (most_[c] + 1) > b / radix_[c] % (most_[c] + 1))
      return false;
  return true;
}

std::optional<LatencyPlan> LabelSearch::search(std::int64_t below, LabelLimits& limits) {
  below_ = below;
  steps_ = limits.steps;
  room_ = limits.labels_of_set;
  complete_ = true;
  labels_.clear();
  times_.clear();
  of_set_.assign(lattice_.size(), {});
  made_.clear();
  add({.bound = flow_.least});
  for (Index set = 0; set + 1 < lattice_.size() && steps_ > 0; ++set) {
    if (!of_set_[set].empty()) expand(set);
    of_set_[set] = {};
  }
  limits.steps = steps_;
  if (steps_ <= 0) complete_ = false;
  Index best = kNone;
  for (const Index label : of_set_.back())
    if (best == kNone || labels_[label].end < labels_[best].end) best = label;
  if (best == kNone) return std::nullopt;
  return plan_of(best);
}

void LabelSearch::expand(Index set) {
  // A plan that was found since may have made some pointless.
  std::erase_if(of_set_[set], [&](Index it) { return labels_[it].bound >= below_; });
  if (of_set_[set].empty()) return;
  const std::span<const Index> open = open_[set];
  for (Index slot = 0; slot < open.size(); ++slot) slot_of_[open[slot]] = slot;
  for (const Lattice::Step& step : lattice_.steps(set)) run_on_cpu(set, step);
  walk_.walk(set, steps_, [&](Index to) { return visit(set, to); });
  for (const Index op : open) slot_of_[op] = kNone;
}

// Where the operators that a set left open stand among those that were open before.
void LabelSearch::map_slots(Index set) {
  from_.clear();
  for (const Index op : open_[set]) from_.push_back(slot_of_[op]);
}

// A unit on a CPU: its operators run as soon as what they read is there.
void LabelSearch::run_on_cpu(Index set, const Lattice::Step& step) {
  for (std::size_t c = 0; c < units_.classes.size(); ++c) {
    if (units_.classes[c].pays || units_.classes[c].count == 0 ||
        units_.time(step.unit, c) == kUnsupported)
      continue;
    map_slots(step.to);
    for (const Index at : of_set_[set]) run_on_cpu(at, step, static_cast<Index>(c));
  }
}

void LabelSearch::run_on_cpu(Index at, const Lattice::Step& step, Index node_class) {
  const Label from = labels_[at];
  Label made = {step.to, at, node_class, from.state, from.end, from.bound, 0};
  ends_.clear();
  for (const Index op : members_[step.unit]) {
    std::int64_t start = 0;
    for (const Index producer : flow_.producers[op])
      start = std::max(start, slot_of_[producer] != kNone ? times_[from.times + slot_of_[producer]]
                                                          : ends_[member_slot_[producer]]);
    ends_.push_back(start + flow_.time(op, node_class));
    made.end = std::max(made.end, ends_.back());
    made.bound = std::max({made.bound, made.end, ends_.back() + tail_outside(op, step.to)});
    --steps_;
  }
  if (made.bound >= below_) return;
  const std::span<const Index> open = open_[step.to];
  steps_ -= static_cast<std::int64_t>(open.size());
  made_.clear();
  for (std::size_t k = 0; k < open.size(); ++k)
    made_.push_back(from_[k] != kNone ? times_[from.times + from_[k]]
                                      : ends_[member_slot_[open[k]]]);
  add(made);
}

// The segment from `start` to `set` on accelerators; whether larger ones may be possible.
bool LabelSearch::visit(Index start, Index set) {
  if (steps_ <= 0) return false;
  bool any = false, mapped = false;
  for (std::size_t c = 0; c < units_.classes.size(); ++c) {
    const UnitClass& nodes = units_.classes[c];
    if (!nodes.pays || nodes.count == 0 || walk_.size(set) > nodes.memory) continue;
    const std::int64_t compute = walk_.compute(set, c);
    if (compute == kUnsupported || compute >= below_) continue;
    any = true;
    if (!mapped) map_segment(start, set);
    mapped = true;
    run_segment(start, set, static_cast<Index>(c), compute + walk_.transfers(set));
  }
  return any;
}

// The longest rest after an operator of the set, over its consumers outside.
std::int64_t LabelSearch::tail_outside(Index op, Index set) const {
  std::int64_t longest = 0;
  const std::span<const Index> consumers = flow_.consumers[op];
  for (std::size_t k = 0; k < consumers.size(); ++k)
    if (!lattice_.holds(set, units_.unit_of[consumers[k]]))
      longest = std::max(longest, flow_.tails[op][k]);
  return longest;
}

// Which open operators a segment reads, and the longest rest after it.
void LabelSearch::map_segment(Index start, Index set) {
  map_slots(set);
  needed_.clear();
  const std::span<const Index> open = open_[start];
  steps_ -= static_cast<std::int64_t>(2 * (open.size() + open_[set].size()));
  for (Index slot = 0; slot < open.size(); ++slot)
    if (std::ranges::any_of(flow_.consumers[open[slot]], [&](Index to) {
          const Index unit = units_.unit_of[to];
          return !walk_.start_holds(unit) && lattice_.holds(set, unit);
        }))
      needed_.push_back(slot);
  tail_ = 0;
  for (const Index op : open_[set])
    if (slot_of_[op] == kNone) tail_ = std::max(tail_, tail_outside(op, set));
}

void LabelSearch::run_segment(Index start, Index set, Index node_class, std::int64_t load) {
  for (const Index at : of_set_[start]) {
    --steps_;
    const Label from = labels_[at];
    if (used(from, node_class) >= most_[node_class]) continue;
    std::int64_t begin = 0;
    for (const Index slot : needed_) begin = std::max(begin, times_[from.times + slot]);
    const std::int64_t end = begin + load;
    Label made = {set,
                  at,
                  node_class,
                  from.state + static_cast<Index>(radix_[node_class]),
                  std::max(from.end, end),
                  std::max({from.bound, from.end, end + tail_}),
                  0};
    if (made.bound >= below_) continue;
    steps_ -= static_cast<std::int64_t>(from_.size());
    made_.clear();
    for (const Index slot : from_) made_.push_back(slot != kNone ? times_[from.times + slot] : end);
    add(made);
  }
}

// Whether the first is at least as good as the second in everything.
bool LabelSearch::dominates(const Label& a, const std::int64_t* times_a, const Label& b,
                            const std::int64_t* times_b) const {
  if (a.end > b.end || !fewer_used(a.state, b.state)) return false;
  return std::equal(times_a, times_a + made_.size(), times_b,
                    [](std::int64_t first, std::int64_t second) { return first <= second; });
}

// Keeps what no other label dominates, and of each state the most promising ones.
void LabelSearch::add(Label made) {
  std::vector<Index>& known = of_set_[made.set];
  steps_ -= kStepsOfLabel + static_cast<std::int64_t>(known.size());
  for (const Index it : known)
    if (dominates(labels_[it], times_.data() + labels_[it].times, made, made_.data())) return;
  std::erase_if(known, [&](Index it) {
    return dominates(made, made_.data(), labels_[it], times_.data() + labels_[it].times);
  });
  std::size_t same = 0;
  Index worst = kNone;
  const auto rank = [](const Label& it) { return std::pair(it.bound, it.end); };
  for (const Index it : known) {
    if (labels_[it].state != made.state) continue;
    ++same;
    if (worst == kNone || rank(labels_[it]) > rank(labels_[worst])) worst = it;
  }
  if (same >= room_) {
    complete_ = false;
    if (rank(labels_[worst]) <= rank(made)) return;
    std::erase(known, worst);
  }
  if (times_.size() + made_.size() > kMostTimes) {
    steps_ = 0;
    complete_ = false;
    return;
  }
  made.times = times_.size();
  times_.insert(times_.end(), made_.begin(), made_.end());
  known.push_back(static_cast<Index>(labels_.size()));
  labels_.push_back(made);
}

LatencyPlan LabelSearch::plan_of(Index label) const {
  LatencyPlan out;
  out.value = labels_[label].end;
  out.cpu_class.assign(flow_.producers.size(), 0);
  for (; labels_[label].parent != kNone; label = labels_[label].parent) {
    const Label& it = labels_[label];
    std::vector<Index> operators;
    for (const Index unit : lattice_.difference(labels_[it.parent].set, it.set))
      operators.insert(operators.end(), members_[unit].begin(), members_[unit].end());
    if (flow_.accelerator[it.node_class])
      out.groups.push_back({it.node_class, std::move(operators)});
    else
      for (const Index op : operators) out.cpu_class[op] = it.node_class;
  }
  std::ranges::reverse(out.groups);
  return out;
}

}  // namespace soliton::assignment
