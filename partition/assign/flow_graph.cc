#include "partition/assign/flow_graph.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton::assignment {
namespace {

using priced::PricedGraph;

constexpr std::int64_t kPathWork = 60'000'000;

std::int64_t plus(std::int64_t a, std::int64_t b) {
  return a == kForever || b == kForever ? kForever : a + b;
}

void sort_topologically(FlowGraph& flow) {
  const std::size_t size = flow.producers.size();
  std::vector<Index> waits(size);
  for (Index op = 0; op < size; ++op) {
    waits[op] = static_cast<Index>(flow.producers[op].size());
    if (waits[op] == 0) flow.order.push_back(op);
  }
  for (std::size_t head = 0; head < flow.order.size(); ++head)
    for (const Index to : flow.consumers[flow.order[head]])
      if (--waits[to] == 0) flow.order.push_back(to);
}

// Remaining times, from the last operators back. A consumer runs on a CPU, or on an accelerator
// that fetches the result first; within an accelerator it follows at once.
class Tails {
 public:
  explicit Tails(FlowGraph& flow)
      : flow_(flow), inside_(flow.times.size(), 0), longest_(flow.producers.size(), 0) {}

  void find() {
    std::vector<std::pair<Index, std::int64_t>> tails;
    for (auto at = flow_.order.rbegin(); at != flow_.order.rend(); ++at) {
      for (const Index to : flow_.consumers[*at]) {
        const std::int64_t next = anywhere(to, flow_.transfers[*at]);
        tails.push_back({*at, next});
        longest_[*at] = std::max(longest_[*at], next);
        for (std::size_t c = 0; c < flow_.classes; ++c) {
          if (!flow_.accelerator[c]) continue;
          std::int64_t& rest = inside_[*at * flow_.classes + c];
          rest = std::max(rest, std::min(on(to, c), plus(flow_.transfers[*at], next)));
        }
      }
      if (flow_.producers[*at].empty()) flow_.least = std::max(flow_.least, anywhere(*at, 0));
    }
    flow_.tails = Rows<std::int64_t>(longest_.size(), tails);
  }

 private:
  // From the start of an operator on an accelerator; from its start on a CPU.
  std::int64_t on(Index op, std::size_t c) const {
    const std::int64_t time = flow_.time(op, c);
    if (time == kUnsupported) return kForever;
    return time + (flow_.accelerator[c] ? inside_[op * flow_.classes + c] : longest_[op]);
  }
  std::int64_t anywhere(Index op, std::int64_t fetch) const {
    std::int64_t least = kForever;
    for (std::size_t c = 0; c < flow_.classes; ++c)
      least = std::min(least, plus(on(op, c), flow_.accelerator[c] ? fetch : 0));
    return least;
  }

  FlowGraph& flow_;
  std::vector<std::int64_t> inside_;   // [operator * classes + class]: after it, on the accelerator
  std::vector<std::int64_t> longest_;  // by operator: of all consumers
};

// Operators in a row, each consumer of the one before: the best plan of them alone.
class PathPlan {
 public:
  PathPlan(const PricedGraph& graph, const FlowGraph& flow, const std::vector<Index>& path)
      : graph_(graph), flow_(flow), path_(path) {
    for (std::size_t c = 0; c < flow.classes; ++c)
      if (flow.accelerator[c]) nodes_ += graph.classes[c].count;
    nodes_ = std::min(nodes_, static_cast<std::int64_t>(path.size()));
  }
  std::int64_t work() const {
    const auto length = static_cast<std::int64_t>(path_.size());
    return length * length * (nodes_ + 1);
  }

  std::int64_t value() {
    const std::size_t width = static_cast<std::size_t>(nodes_) + 1;
    // [operators done * width + accelerators used]: earliest time
    std::vector<std::int64_t> done((path_.size() + 1) * width, kForever);
    done[0] = 0;
    for (std::size_t first = 0; first < path_.size(); ++first) {
      const std::int64_t* const from = done.data() + first * width;
      for (std::size_t c = 0; c < flow_.classes; ++c) {
        if (flow_.accelerator[c])
          extend(first, c, from, done);
        else if (const std::int64_t time = flow_.time(path_[first], c); time != kUnsupported)
          for (std::size_t used = 0; used < width; ++used)
            lower(done[(first + 1) * width + used], plus(from[used], time));
      }
    }
    return *std::min_element(done.end() - static_cast<std::ptrdiff_t>(width), done.end());
  }

 private:
  static void lower(std::int64_t& value, std::int64_t to) { value = std::min(value, to); }

  void extend(std::size_t first, std::size_t c, const std::int64_t* from,
              std::vector<std::int64_t>& done) const {
    const std::size_t width = static_cast<std::size_t>(nodes_) + 1;
    std::int64_t load = first > 0 ? flow_.transfers[path_[first - 1]] : 0, size = 0;
    for (std::size_t p = first; p < path_.size(); ++p) {
      const std::int64_t time = flow_.time(path_[p], c);
      size += graph_.operators[path_[p]].size.count;
      if (time == kUnsupported || size > graph_.classes[c].memory.count) return;
      load += time;
      const std::int64_t leave = p + 1 < path_.size() ? flow_.transfers[path_[p]] : 0;
      for (std::size_t used = 0; used + 1 < width; ++used)
        lower(done[(p + 1) * width + used + 1], plus(from[used], load + leave));
    }
  }

  const PricedGraph& graph_;
  const FlowGraph& flow_;
  const std::vector<Index>& path_;
  std::int64_t nodes_ = 0;
};

// The path with the largest sum of weights.
std::vector<Index> heaviest_path(const FlowGraph& flow, const std::vector<std::int64_t>& weights) {
  std::vector<std::int64_t> best(weights.size(), 0);
  std::vector<Index> next(weights.size());
  Index start = flow.order.front();
  for (auto at = flow.order.rbegin(); at != flow.order.rend(); ++at) {
    next[*at] = *at;
    for (const Index to : flow.consumers[*at])
      if (next[*at] == *at || best[to] > best[next[*at]]) next[*at] = to;
    best[*at] = weights[*at] + (next[*at] == *at ? 0 : best[next[*at]]);
    if (best[*at] > best[start]) start = *at;
  }
  std::vector<Index> path{start};
  while (next[path.back()] != path.back()) path.push_back(next[path.back()]);
  return path;
}

// Paths that are likely long: by time on each class, by the least time, by size, by transfers, and
// with as many operators as possible.
std::vector<std::vector<std::int64_t>> path_weights(const PricedGraph& graph,
                                                    const FlowGraph& flow) {
  const std::size_t size = graph.operators.size();
  std::vector<std::vector<std::int64_t>> out;
  for (std::size_t c = 0; c < flow.classes; ++c) {
    std::vector<std::int64_t>& weights = out.emplace_back(size);
    for (std::size_t op = 0; op < size; ++op)
      weights[op] = std::max<std::int64_t>(flow.time(op, c), 0);
  }
  out.push_back(flow.transfers);
  std::vector<std::int64_t>& sizes = out.emplace_back(size);
  for (std::size_t op = 0; op < size; ++op) sizes[op] = graph.operators[op].size.count;
  out.emplace_back(size, 1);
  return out;
}

}  // namespace

FlowGraph make_flow(const PricedGraph& graph) {
  FlowGraph out;
  std::vector<std::pair<Index, Index>> forwards, backwards;
  for (const priced::Edge& edge : graph.edges) {
    forwards.push_back({static_cast<Index>(edge.from), static_cast<Index>(edge.to)});
    backwards.push_back({static_cast<Index>(edge.to), static_cast<Index>(edge.from)});
  }
  out.consumers = Rows<Index>(graph.operators.size(), forwards);
  out.producers = Rows<Index>(graph.operators.size(), backwards);
  out.classes = graph.classes.size();
  for (const priced::NodeClass& it : graph.classes)
    out.accelerator.push_back(it.kind == priced::NodeKind::kAccelerator);
  for (std::size_t op = 0; op < graph.operators.size(); ++op) {
    const priced::Operator& it = graph.operators[op];
    out.transfers.push_back(out.consumers[op].empty() ? 0 : it.transfer.count());
    for (std::size_t c = 0; c < out.classes; ++c)
      out.times.push_back(it.times[c] && graph.classes[c].count > 0 ? it.times[c]->count()
                                                                    : kUnsupported);
  }
  sort_topologically(out);
  Tails(out).find();
  return out;
}

std::int64_t latency_of(const FlowGraph& flow, const LatencyPlan& plan) {
  constexpr Index kNone = static_cast<Index>(-1);
  const std::size_t size = flow.producers.size();
  std::vector<Index> group_of(size, kNone);
  for (Index g = 0; g < plan.groups.size(); ++g)
    for (const Index op : plan.groups[g].operators) group_of[op] = g;
  // What waits: groups first, then operators on CPUs.
  const auto place = [&](Index op) {
    return group_of[op] == kNone ? static_cast<Index>(plan.groups.size() + op) : group_of[op];
  };
  std::vector<std::int64_t> starts(plan.groups.size() + size, 0), loads(starts);
  std::vector<std::pair<Index, Index>> edges;
  std::vector<Index> fetched(plan.groups.size(), kNone);  // by group: the producer counted last
  for (Index op = 0; op < size; ++op) {
    const bool cpu = group_of[op] == kNone;
    loads[place(op)] +=
        flow.time(op, cpu ? plan.cpu_class[op] : plan.groups[group_of[op]].node_class);
    bool leaves = false;
    for (const Index to : flow.consumers[op]) {
      if (place(to) == place(op)) continue;
      leaves = true;
      edges.push_back({place(op), place(to)});
      if (group_of[to] == kNone || fetched[group_of[to]] == op) continue;
      fetched[group_of[to]] = op;
      loads[place(to)] += flow.transfers[op];
    }
    if (leaves && !cpu) loads[place(op)] += flow.transfers[op];
  }
  const Rows<Index> next(starts.size(), edges);
  std::vector<Index> waits(starts.size()), ready;
  for (const auto& [from, to] : edges) ++waits[to];
  for (Index at = 0; at < starts.size(); ++at)
    if (waits[at] == 0) ready.push_back(at);
  std::int64_t end = 0;
  std::size_t done = 0;
  for (; done < ready.size(); ++done) {
    const std::int64_t finish = starts[ready[done]] + loads[ready[done]];
    end = std::max(end, finish);
    for (const Index to : next[ready[done]]) {
      starts[to] = std::max(starts[to], finish);
      if (--waits[to] == 0) ready.push_back(to);
    }
  }
  SOLITON_CHECK(done == starts.size());
  return end;
}

std::int64_t path_bound(const PricedGraph& graph, const FlowGraph& flow) {
  std::int64_t out = flow.least, work = kPathWork;
  for (const std::vector<std::int64_t>& weights : path_weights(graph, flow)) {
    const std::vector<Index> path = heaviest_path(flow, weights);
    PathPlan plan(graph, flow, path);
    work -= plan.work();
    if (work < 0) break;
    out = std::max(out, plan.value());
  }
  return out;
}

}  // namespace soliton::assignment
