#include "partition/assign/order_split.h"

#include <algorithm>

namespace soliton::assignment {

OrderSplit::OrderSplit(const UnitGraph& units, const Prices& prices)
    : units_(units),
      prices_(prices),
      table_(units, prices),
      least_time_(least_paying_times(units)),
      computes_(units.classes.size()) {
  for (std::size_t c = 0; c < units.classes.size(); ++c)
    if (units.classes[c].count > 0) used_.push_back(c);
}

void OrderSplit::set_order(const std::vector<Index>& order) {
  order_ = order;
  std::vector<Index> position(units_.size);
  for (Index p = 0; p < order.size(); ++p) position[order[p]] = p;
  std::vector<std::pair<Index, Read>> reads;
  std::vector<Index> at;
  for (std::size_t net = 0; net < units_.nets.size(); ++net) {
    at.clear();
    for (const Index sink : units_.sinks[net]) at.push_back(position[sink]);
    std::ranges::sort(at);
    const Index source = position[units_.nets[net].source];
    for (std::size_t k = 0; k < at.size(); ++k)
      reads.push_back(
          {at[k],
           {source, k == 0 ? source : at[k - 1], k + 1 == at.size(), units_.nets[net].cost}});
  }
  reads_ = Rows<Read>(units_.size, reads);
  sends_.assign(units_.size, 0);
  for (const Net& net : units_.nets) sends_[position[net.source]] += net.cost;
  rest_.assign(units_.size + 1, {});
  for (std::size_t p = units_.size; p > 0; --p)
    rest_[p - 1].price = rest_[p].price + prices_.of_unit[order[p - 1]];
  advances_.assign(units_.size, false);
  for (std::size_t p = 0; p < units_.size; ++p) {
    std::int64_t& border = rest_[p + 1].border;
    border = rest_[p].border + sends_[p];
    for (const Read& read : reads_[p]) border -= read.last ? read.cost : 0;
    // As in LatticeSplit::find_advances().
    advances_[p] = border - rest_[p].border <= least_time_[order[p]];
  }
}

Answer OrderSplit::decide(std::int64_t most, std::int64_t& steps) {
  next_ = kForever;
  table_.reset(units_.size + 1);
  for (std::size_t first = 0; first < units_.size; ++first) {
    if (!table_.settle(first, rest_[first], most, next_)) continue;
    if (advances_[first] && table_.covers(first + 1, first)) continue;
    extend(first, most, steps);
    if (steps < 0) return Answer::kTooLong;
  }
  return table_.settle(units_.size, {}, most, next_) ? Answer::kYes : Answer::kNo;
}

// Compute and memory only grow as a segment does; transfers may shrink again.
void OrderSplit::extend(std::size_t first, std::int64_t most, std::int64_t& steps) {
  std::int64_t size = 0, transfers = 0;
  std::ranges::fill(computes_, 0);
  for (std::size_t p = first; p < units_.size; ++p) {
    --steps;
    const Index unit = order_[p];
    size += units_.sizes[unit];
    transfers += sends_[p];
    for (const Read& read : reads_[p]) {
      --steps;
      if (read.source >= first)
        transfers -= read.last ? read.cost : 0;
      else if (read.previous < first)
        transfers += read.cost;
    }
    bool any = false;
    for (const std::size_t c : used_) {
      std::int64_t& compute = computes_[c];
      const std::int64_t time = units_.time(unit, c);
      if (compute == kForever) continue;
      compute = time == kUnsupported ? kForever : compute + time;
      if (compute == kForever) continue;
      if (size > units_.classes[c].memory || compute > most) {
        if (size <= units_.classes[c].memory) next_ = std::min(next_, compute);
        compute = kForever;
        continue;
      }
      any = true;
      const std::int64_t load = compute + (units_.classes[c].pays ? transfers : 0);
      if (load <= most)
        table_.relax(first, p + 1, c);
      else
        next_ = std::min(next_, load);
    }
    if (!any) return;
  }
}

std::int64_t OrderSplit::load(std::size_t first, std::size_t end, std::size_t node_class) const {
  std::int64_t out = 0;
  for (std::size_t p = first; p < end; ++p) {
    out += units_.time(order_[p], node_class);
    if (!units_.classes[node_class].pays) continue;
    out += sends_[p];
    for (const Read& read : reads_[p])
      if (read.source >= first)
        out -= read.last ? read.cost : 0;
      else if (read.previous < first)
        out += read.cost;
  }
  return out;
}

Split OrderSplit::split() const {
  Split out;
  out.value = 0;
  std::size_t end = units_.size;
  for (const CountTable::Step& step : table_.steps_back(units_.size)) {
    out.segments.push_back({{order_.begin() + static_cast<std::ptrdiff_t>(step.from),
                             order_.begin() + static_cast<std::ptrdiff_t>(end)},
                            step.node_class});
    out.value = std::max(out.value, load(step.from, end, step.node_class));
    end = step.from;
  }
  std::ranges::reverse(out.segments);
  return out;
}

// Small limits are decided fast, so it goes up from the bound in growing steps, then bisects.
std::optional<Split> OrderSplit::best(std::int64_t lower, std::int64_t below, std::int64_t& steps) {
  std::optional<Split> found;
  if (below != kForever) {
    if (below <= lower || decide(below - 1, steps) != Answer::kYes) return found;
    found = split();
    below = found->value;
  }
  std::int64_t stride = std::max<std::int64_t>(1, lower >> 13), most = lower;
  while (lower < below) {
    most = std::min(most, below - 1);
    const Answer answer = decide(most, steps);
    if (answer == Answer::kTooLong) return found;
    if (answer == Answer::kYes) {
      found = split();
      below = found->value;
      most = lower + (below - lower) / 2;
      stride = 0;
      continue;
    }
    if (next_ == kForever) return found;
    lower = std::max(next_, most + 1);
    most = stride > 0 ? std::max(lower, most + stride) : lower + (below - lower) / 2;
    stride = stride > kForever / 8 ? stride : stride * 2;
  }
  return found;
}

}  // namespace soliton::assignment
