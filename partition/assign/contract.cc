// Strongly connected groups: Tarjan 1972, without recursion. Merging of free operators: if such an
// operator moves to the node of its only consumer (or producer), no load grows.
#include <algorithm>
#include <numeric>

#include "partition/assign/unit_graph.h"

namespace soliton::assignment {
namespace {

using priced::NodeKind;
using priced::PricedGraph;

constexpr int kMergePasses = 24;
constexpr Index kNone = static_cast<Index>(-1);

using Pairs = std::vector<std::pair<Index, Index>>;

Rows<Index> unique_rows(std::size_t rows, Pairs& pairs) {
  std::ranges::sort(pairs);
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  return Rows<Index>(rows, pairs);
}

// Component of each node; components are numbered in a topological order, backwards.
class Components {
 public:
  explicit Components(const Rows<Index>& next)
      : next_(next), number_(next.size(), kNone), low_(next.size()), of_(next.size(), kNone) {}

  std::vector<Index> find() {
    for (Index i = 0; i < number_.size(); ++i)
      if (number_[i] == kNone) walk(i);
    return std::move(of_);
  }
  Index count() const { return count_; }

 private:
  void enter(Index node) {
    number_[node] = low_[node] = reached_++;
    open_.push_back(node);
    path_.push_back({node, 0});
  }
  void walk(Index root) {
    enter(root);
    while (!path_.empty()) {
      auto& [node, tried] = path_.back();
      const Index at = node;
      if (tried < next_[at].size()) {
        const Index to = next_[at][tried++];
        if (number_[to] == kNone)
          enter(to);
        else if (of_[to] == kNone)
          low_[at] = std::min(low_[at], number_[to]);
        continue;
      }
      path_.pop_back();
      if (!path_.empty()) low_[path_.back().first] = std::min(low_[path_.back().first], low_[at]);
      if (low_[at] == number_[at]) close(at);
    }
  }
  void close(Index root) {
    for (Index node = kNone; node != root;) {
      node = open_.back();
      open_.pop_back();
      of_[node] = count_;
    }
    ++count_;
  }

  const Rows<Index>& next_;
  std::vector<Index> number_, low_, of_;
  std::vector<Index> open_;
  std::vector<std::pair<Index, std::size_t>> path_;  // node, consumers tried
  Index reached_ = 0, count_ = 0;
};

// Depth first from the last ones back: what feeds one consumer only comes right before it.
std::vector<Index> topological_ranks(const Rows<Index>& producers, const Rows<Index>& consumers) {
  const std::size_t size = producers.size();
  std::vector<Index> rank(size, kNone);
  std::vector<std::pair<Index, std::size_t>> path;
  Index next = 0;
  const auto visit = [&](Index root) {
    path.push_back({root, 0});
    while (!path.empty()) {
      auto& [node, tried] = path.back();
      const std::span<const Index> before = producers[node];
      while (tried < before.size() && rank[before[tried]] != kNone) ++tried;
      if (tried < before.size()) {
        path.push_back({before[tried], 0});
        continue;
      }
      rank[node] = next++;
      path.pop_back();
    }
  };
  for (Index i = 0; i < size; ++i)
    if (consumers[i].empty()) visit(i);
  return rank;
}

// Turns a part for each operator into a graph of units.
class Builder {
 public:
  Builder(const PricedGraph& graph, const std::vector<Index>& part, std::size_t parts)
      : graph_(graph), part_(part) {
    out_.size = parts;
    number(part);
  }

  UnitGraph build() {
    connect();
    sum();
    make_nets();
    return std::move(out_);
  }

 private:
  Pairs crossing(bool forwards, const std::vector<Index>& of) const {
    Pairs out;
    for (const priced::Edge& edge : graph_.edges) {
      const Index from = of[edge.from], to = of[edge.to];
      if (from != to) out.push_back(forwards ? std::pair(from, to) : std::pair(to, from));
    }
    return out;
  }

  void number(const std::vector<Index>& part) {
    Pairs forwards = crossing(true, part), backwards = crossing(false, part);
    const Rows<Index> consumers = unique_rows(out_.size, forwards);
    const Rows<Index> producers = unique_rows(out_.size, backwards);
    const std::vector<Index> rank = topological_ranks(producers, consumers);
    for (Index& it : part_) it = rank[it];
  }

  void connect() {
    Pairs forwards = crossing(true, part_), backwards = crossing(false, part_);
    out_.consumers = unique_rows(out_.size, forwards);
    out_.producers = unique_rows(out_.size, backwards);
    Pairs members;
    for (Index i = 0; i < part_.size(); ++i) members.push_back({part_[i], i});
    out_.members = Rows<Index>(out_.size, members);
    out_.unit_of = part_;
  }

  void sum() {
    const std::size_t classes = graph_.classes.size();
    out_.times.assign(out_.size * classes, 0);
    out_.sizes.assign(out_.size, 0);
    for (std::size_t i = 0; i < part_.size(); ++i) {
      const priced::Operator& it = graph_.operators[i];
      out_.sizes[part_[i]] += it.size.count;
      for (std::size_t c = 0; c < classes; ++c) {
        std::int64_t& time = out_.times[part_[i] * classes + c];
        time = it.times[c] && time != kUnsupported ? time + it.times[c]->count() : kUnsupported;
      }
    }
    for (const priced::NodeClass& it : graph_.classes)
      out_.classes.push_back(
          {it.kind == NodeKind::kAccelerator,
           std::min<std::int64_t>(it.count, static_cast<std::int64_t>(out_.size)),
           it.kind == NodeKind::kAccelerator ? it.memory.count : kForever});
  }

  // Outputs of one unit that the same units read are one net.
  void make_nets() {
    struct Draft {
      Index source;
      std::vector<Index> sinks;
      std::int64_t cost;
    };
    Pairs reads;
    for (const priced::Edge& edge : graph_.edges)
      if (part_[edge.from] != part_[edge.to] && graph_.operators[edge.from].transfer.count() > 0)
        reads.push_back({static_cast<Index>(edge.from), part_[edge.to]});
    const Rows<Index> read_by = unique_rows(part_.size(), reads);
    std::vector<Draft> drafts;
    for (Index i = 0; i < part_.size(); ++i)
      if (!read_by[i].empty())
        drafts.push_back({part_[i],
                          {read_by[i].begin(), read_by[i].end()},
                          graph_.operators[i].transfer.count()});
    std::ranges::sort(drafts, [](const Draft& a, const Draft& b) {
      return std::tie(a.source, a.sinks) < std::tie(b.source, b.sinks);
    });
    Pairs sinks, in, out;
    for (const Draft& draft : drafts) {
      const bool same = &draft != drafts.data() && (&draft - 1)->source == draft.source &&
                        (&draft - 1)->sinks == draft.sinks;
      if (same) {
        out_.nets.back().cost += draft.cost;
        continue;
      }
      const auto net = static_cast<Index>(out_.nets.size());
      out_.nets.push_back({draft.source, draft.cost});
      out.push_back({draft.source, net});
      for (const Index sink : draft.sinks) {
        sinks.push_back({net, sink});
        in.push_back({sink, net});
      }
    }
    out_.sinks = Rows<Index>(out_.nets.size(), sinks);
    out_.in_nets = Rows<Index>(out_.size, in);
    out_.out_nets = Rows<Index>(out_.size, out);
  }

  const PricedGraph& graph_;
  std::vector<Index> part_;
  UnitGraph out_;
};

// Sizes that no node could ever run out of do not count.
void drop_slack_memory(UnitGraph& units) {
  std::int64_t total = 0;
  for (const std::int64_t size : units.sizes) total += size;
  for (const UnitClass& it : units.classes)
    if (it.pays && it.count > 0 && it.memory < total) return;
  std::ranges::fill(units.sizes, 0);
}

// Pairs of units that may become one, each unit in one pair at most.
class Merger {
 public:
  explicit Merger(const UnitGraph& units) : units_(units), into_(units.size) {
    std::iota(into_.begin(), into_.end(), 0);
  }

  // The unit each goes into; empty if nothing can be merged.
  std::vector<Index> find() {
    std::vector<bool> taken(units_.size);
    bool any = false;
    for (Index unit = 0; unit < units_.size; ++unit) {
      if (taken[unit]) continue;
      const Index to = partner(unit);
      if (to == kNone || taken[to]) continue;
      taken[unit] = taken[to] = any = true;
      into_[unit] = to;
    }
    if (!any) into_.clear();
    return std::move(into_);
  }

 private:
  // `unit` can be wherever `other` is, at no cost of its own.
  bool free_beside(Index unit, Index other) const {
    if (units_.sizes[unit] != 0) return false;
    for (std::size_t c = 0; c < units_.classes.size(); ++c) {
      if (units_.classes[c].count == 0 || units_.time(other, c) == kUnsupported) continue;
      if (units_.time(unit, c) != 0) return false;
    }
    return true;
  }
  std::int64_t cost(std::span<const Index> nets) const {
    std::int64_t sum = 0;
    for (const Index net : nets) sum += units_.nets[net].cost;
    return sum;
  }
  Index partner(Index unit) const {
    const std::span<const Index> after = units_.consumers[unit], before = units_.producers[unit];
    if (after.size() == 1 && free_beside(unit, after[0]) &&
        cost(units_.in_nets[unit]) <= cost(units_.out_nets[unit]))
      return after[0];
    if (before.size() != 1 || !free_beside(unit, before[0])) return kNone;
    std::int64_t saved = 0;
    for (const Index net : units_.in_nets[unit])
      if (units_.sinks[net].size() == 1) saved += units_.nets[net].cost;
    return cost(units_.out_nets[unit]) <= saved ? before[0] : kNone;
  }

  const UnitGraph& units_;
  std::vector<Index> into_;
};

}  // namespace

std::vector<std::int64_t> least_paying_times(const UnitGraph& units) {
  std::vector<std::int64_t> out(units.size, kForever);
  for (std::size_t unit = 0; unit < units.size; ++unit)
    for (std::size_t c = 0; c < units.classes.size(); ++c)
      if (units.classes[c].pays && units.classes[c].count > 0 &&
          units.time(unit, c) != kUnsupported)
        out[unit] = std::min(out[unit], units.time(unit, c));
  return out;
}

UnitGraph make_units(const PricedGraph& graph, const std::vector<Index>& part, std::size_t parts,
                     bool drop_memory) {
  UnitGraph units = Builder(graph, part, parts).build();
  if (drop_memory) drop_slack_memory(units);
  return units;
}

UnitGraph contract(const PricedGraph& graph, const ContractOptions& options) {
  std::vector<Index> part;
  for (const priced::Operator& it : graph.operators) part.push_back(static_cast<Index>(it.group));
  const std::size_t groups = priced::group_count(graph);
  Pairs edges;
  for (const priced::Edge& edge : graph.edges)
    if (part[edge.from] != part[edge.to]) edges.push_back({part[edge.from], part[edge.to]});
  const Rows<Index> next = unique_rows(groups, edges);
  Components components(next);
  const std::vector<Index> of = components.find();
  for (Index& it : part) it = of[it];
  const bool circular = components.count() < groups;
  const auto build = [&](std::size_t parts) {
    UnitGraph units = make_units(graph, part, parts, options.drop_slack_memory);
    units.circular = circular;
    return units;
  };
  UnitGraph units = build(components.count());
  for (int pass = 0; options.free_operators && pass < kMergePasses; ++pass) {
    const std::vector<Index> into = Merger(units).find();
    if (into.empty()) break;
    std::vector<Index> name(units.size, kNone);
    Index names = 0;
    for (Index unit = 0; unit < units.size; ++unit)
      if (into[unit] == unit) name[unit] = names++;
    for (std::size_t i = 0; i < part.size(); ++i) part[i] = name[into[units.unit_of[i]]];
    units = build(names);
  }
  return units;
}

}  // namespace soliton::assignment
