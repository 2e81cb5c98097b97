#include "partition/priced/graph_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "partition/priced/decimal.h"

namespace soliton::priced {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);
constexpr std::size_t kSearchWork = 20'000'000;  // edges looked at for a shorter cycle

std::vector<std::vector<std::size_t>> successors(std::size_t count,
                                                 const std::vector<Edge>& edges) {
  std::vector<std::vector<std::size_t>> out(count);
  for (const Edge& edge : edges) out[edge.from].push_back(edge.to);
  return out;
}

// Operators that remain when all without a producer, then all without a consumer, are taken away
// again and again: those on cycles or between them.
std::vector<bool> on_cycles(std::size_t count, const std::vector<Edge>& edges) {
  std::vector<bool> stays(count, true);
  for (const bool forwards : {true, false}) {
    std::vector<std::size_t> degree(count), ready;
    std::vector<std::vector<std::size_t>> next(count);
    for (const Edge& edge : edges) {
      if (!stays[edge.from] || !stays[edge.to]) continue;
      next[forwards ? edge.from : edge.to].push_back(forwards ? edge.to : edge.from);
      ++degree[forwards ? edge.to : edge.from];
    }
    for (std::size_t i = 0; i < count; ++i)
      if (stays[i] && degree[i] == 0) ready.push_back(i);
    while (!ready.empty()) {
      const std::size_t at = ready.back();
      ready.pop_back();
      stays[at] = false;
      for (const std::size_t to : next[at])
        if (--degree[to] == 0) ready.push_back(to);
    }
  }
  return stays;
}

// Breadth first from one operator back to itself.
class CycleSearch {
 public:
  CycleSearch(std::size_t count, const std::vector<Edge>& edges)
      : next_(successors(count, edges)), parent_(count, kNone) {}

  // A cycle through `start` that is shorter than `limit`; empty if there is none.
  std::vector<std::size_t> through(std::size_t start, std::size_t limit) {
    std::vector<std::size_t> queue{start};
    std::vector<std::size_t> found;
    std::size_t depth = 1, layer_end = 1;
    for (std::size_t head = 0; head < queue.size() && found.empty() && depth < limit; ++head) {
      if (head == layer_end) {
        ++depth;
        layer_end = queue.size();
        if (depth >= limit) break;
      }
      for (const std::size_t to : next_[queue[head]]) {
        ++work_;
        if (to == start) {
          found = path(start, queue[head]);
          break;
        }
        if (parent_[to] != kNone) continue;
        parent_[to] = queue[head];
        queue.push_back(to);
      }
    }
    for (const std::size_t it : queue) parent_[it] = kNone;
    return found;
  }
  std::size_t work() const { return work_; }

 private:
  std::vector<std::size_t> path(std::size_t start, std::size_t last) const {
    std::vector<std::size_t> out;
    for (std::size_t at = last; at != start; at = parent_[at]) out.push_back(at);
    out.push_back(start);
    std::ranges::reverse(out);
    return out;
  }

  std::vector<std::vector<std::size_t>> next_;
  std::vector<std::size_t> parent_;
  std::size_t work_ = 0;
};

std::string size_text(std::int64_t bytes) { return describe(Bytes{bytes}); }

void check_sums(const PricedGraph& graph, const std::string& file, Diagnostics& problems) {
  const auto too_much = [&](const char* what, const char* limit) {
    problems.add(ErrorCode::kInvalid,
                 fmt::format("{}: {} add up to more than {}", file, what, limit));
  };
  __int128 sizes = 0;
  for (const Operator& it : graph.operators) sizes += it.size.count;
  if (sizes >= kNumberLimit) too_much("the sizes of the operators", "2^62 bytes");
  for (std::size_t c = 0; c < graph.classes.size(); ++c) {
    __int128 times = 0;
    for (const Operator& it : graph.operators)
      times += it.times[c].value_or(Duration{}).count() + __int128{2} * it.transfer.count();
    if (times >= kNumberLimit) return too_much("times and transfers of the operators", "4.6e9 ms");
  }
}

struct Group {
  std::size_t first = kNone;
  std::vector<bool> runs;  // by class
  __int128 size = 0;
};

std::vector<Group> groups_of(const PricedGraph& graph) {
  std::vector<Group> groups(group_count(graph),
                            {kNone, std::vector<bool>(graph.classes.size(), true), 0});
  for (std::size_t i = 0; i < graph.operators.size(); ++i) {
    const Operator& it = graph.operators[i];
    Group& group = groups[it.group];
    group.first = std::min(group.first, i);
    group.size += it.size.count;
    for (std::size_t c = 0; c < graph.classes.size(); ++c)
      if (!it.times[c]) group.runs[c] = false;
  }
  return groups;
}

bool can_hold(const NodeClass& nodes, const Group& group) {
  return nodes.kind == NodeKind::kCpu || group.size <= nodes.memory.count;
}

void check_groups(const PricedGraph& graph, const std::vector<Group>& groups,
                  const OperatorError& error, Diagnostics& problems) {
  for (const Group& group : groups) {
    bool runs = false, fits = false;
    std::int64_t largest = 0;
    for (std::size_t c = 0; c < graph.classes.size(); ++c) {
      const NodeClass& nodes = graph.classes[c];
      if (nodes.count == 0 || !group.runs[c]) continue;
      runs = true;
      fits = fits || can_hold(nodes, group);
      largest = std::max(largest, nodes.memory.count);
    }
    const std::string name = graph.operators[group.first].id;
    if (!runs)
      problems.add(
          error(group.first, fmt::format("no node can run operator {} with all of its color class: "
                                         "allow accelerators for each of them, or a CPU",
                                         name)));
    else if (!fits)
      problems.add({ErrorCode::kDoesNotFit,
                    error(group.first,
                          fmt::format("operator {} with its color class ({}) exceeds the memory of "
                                      "the largest node ({}); color classes stay on one node",
                                      name, size_text(static_cast<std::int64_t>(group.size)),
                                      size_text(largest)))
                        .message});
  }
}

// Only where no CPU could take what is left over.
void check_total(const PricedGraph& graph, const std::string& file, Diagnostics& problems) {
  __int128 needed = 0, held = 0;
  std::int64_t nodes = 0, largest = 0;
  std::string prefix;
  for (const NodeClass& it : graph.classes) {
    if (it.count == 0) continue;
    if (it.kind == NodeKind::kCpu) return;
    held += __int128{it.count} * it.memory.count;
    nodes += it.count;
    if (it.memory.count > largest) prefix = it.prefix;
    largest = std::max(largest, it.memory.count);
  }
  for (const Operator& it : graph.operators) needed += it.size.count;
  if (needed <= held || largest == 0) return;
  const auto shown = [](__int128 bytes) {
    return size_text(static_cast<std::int64_t>(std::min(bytes, __int128{kNumberLimit})));
  };
  const auto more = static_cast<std::int64_t>((needed - held + largest - 1) / largest);
  problems.add(
      ErrorCode::kDoesNotFit,
      fmt::format("{}: model needs {}; cluster holds {} on {} usable nodes: {} short; add "
                  "{} node(s) of device {} or allow a CPU",
                  file, shown(needed), shown(held), nodes, shown(needed - held), more, prefix));
}

}  // namespace

std::vector<std::size_t> shortest_cycle(std::size_t operators, const std::vector<Edge>& edges) {
  const std::vector<bool> candidates = on_cycles(operators, edges);
  CycleSearch search(operators, edges);
  std::vector<std::size_t> best;
  for (std::size_t i = 0; i < operators && search.work() < kSearchWork; ++i) {
    if (!candidates[i]) continue;
    std::vector<std::size_t> found = search.through(i, best.empty() ? kNone : best.size());
    if (!found.empty()) best = std::move(found);
  }
  return best;
}

void check_fit(const PricedGraph& graph, const std::string& file, const OperatorError& error,
               Diagnostics& problems) {
  check_sums(graph, file, problems);
  if (!problems.empty()) return;
  check_groups(graph, groups_of(graph), error, problems);
  if (problems.empty()) check_total(graph, file, problems);
}

}  // namespace soliton::priced
