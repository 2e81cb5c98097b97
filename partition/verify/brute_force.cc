#include "partition/verify/brute_force.h"

#include <algorithm>
#include <array>
#include <vector>

#include "protocol/base/check.h"

namespace soliton::verify {
namespace {

using priced::NodeKind;
using priced::Objective;
using priced::PricedGraph;

using Set = std::uint32_t;  // of operators: bit i is operator i

// Of a class, by set: the load of a node that holds exactly these operators, and its parts that
// only grow with the set. Sets that a node of the class cannot hold have no load.
struct ClassTable {
  NodeKind kind = NodeKind::kAccelerator;
  std::int64_t nodes = 0;
  std::vector<std::optional<Duration>> load;
  std::vector<Duration> computing;
};

class Tables {
 public:
  explicit Tables(const PricedGraph& graph)
      : feeds(graph.operators.size()), reads(graph.operators.size()) {
    for (const priced::Edge& edge : graph.edges) {
      feeds[edge.from] |= Set{1} << edge.to;
      reads[edge.to] |= Set{1} << edge.from;
    }
    for (std::size_t i = 0; i < graph.classes.size(); ++i) classes.push_back(table(graph, i));
  }

  std::vector<Set> feeds, reads;  // by operator: those that read it, those it reads
  std::vector<ClassTable> classes;

 private:
  ClassTable table(const PricedGraph& graph, std::size_t number) const {
    const priced::NodeClass& nodes = graph.classes[number];
    const std::size_t operators = graph.operators.size();
    ClassTable out{.kind = nodes.kind, .nodes = nodes.count};
    for (Set set = 0; set < Set{1} << operators; ++set) {
      Duration computing{}, crossing{};
      std::int64_t bytes = 0;
      bool runs = true;
      for (std::size_t i = 0; i < operators; ++i) {
        const priced::Operator& it = graph.operators[i];
        const bool inside = (set >> i & 1) != 0;
        if (inside) {
          runs = runs && it.times[number].has_value();
          computing += it.times[number].value_or(Duration{});
          bytes += it.size.count;
        }
        if ((feeds[i] & (inside ? ~set : set)) != 0) crossing += it.transfer;
      }
      const bool accelerator = nodes.kind == NodeKind::kAccelerator;
      out.computing.push_back(computing);
      if (!runs || (accelerator && bytes > nodes.memory.count))
        out.load.emplace_back();
      else
        out.load.emplace_back(accelerator ? computing + crossing : computing);
    }
    return out;
  }
};

class Trial {
 public:
  Trial(const PricedGraph& graph, Objective objective, Duration limit)
      : objective_(objective), limit_(limit), tables_(graph), operators_(graph.operators.size()) {
    groups_.resize(priced::group_count(graph));
    for (std::size_t i = 0; i < operators_; ++i) groups_[graph.operators[i].group] |= Set{1} << i;
  }

  BestOfAll run() {
    place(0);
    return best_;
  }

 private:
  struct Node {
    std::size_t node_class = 0;
    Set holds = 0;
  };

  // Equal nodes are taken in turn: a group goes to a node that holds something, or to the next
  // empty one of a class.
  void place(std::size_t group) {
    if (group == groups_.size()) return judge();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const Set before = nodes_[i].holds;
      nodes_[i].holds |= groups_[group];
      if (possible(nodes_[i])) place(group + 1);
      nodes_[i].holds = before;
    }
    for (std::size_t i = 0; i < tables_.classes.size(); ++i) {
      if (used(i) == available(i)) continue;
      nodes_.push_back({i, groups_[group]});
      if (possible(nodes_.back())) place(group + 1);
      nodes_.pop_back();
    }
  }

  std::int64_t used(std::size_t node_class) const {
    return std::ranges::count(nodes_, node_class, &Node::node_class);
  }
  std::int64_t available(std::size_t node_class) const {
    const ClassTable& table = tables_.classes[node_class];
    return alone(node_class) ? std::min<std::int64_t>(table.nodes, 1) : table.nodes;
  }
  // Whether operators on the class run by themselves instead of in one piece.
  bool alone(std::size_t node_class) const {
    return objective_ == Objective::kLatency && tables_.classes[node_class].kind == NodeKind::kCpu;
  }

  // Neither memory nor computing becomes less when more is put on the node.
  bool possible(const Node& node) const {
    const ClassTable& table = tables_.classes[node.node_class];
    if (!table.load[node.holds]) return false;
    const Duration computing = table.computing[node.holds];
    return alone(node.node_class) || (best_.value ? computing < *best_.value : computing <= limit_);
  }

  void judge() {
    std::array<Piece, kBruteOperators> pieces;
    std::size_t count = 0;
    for (const Node& node : nodes_) {
      const auto& load = tables_.classes[node.node_class].load;
      if (!alone(node.node_class))
        pieces[count++] = {node.holds, *load[node.holds]};
      else
        for (std::size_t i = 0; i < operators_; ++i)
          if (const Set one = Set{1} << i; (node.holds & one) != 0)
            pieces[count++] = {one, *load[one]};
    }
    ++best_.tried;
    const std::optional<Duration> latency = last_end(std::span(pieces).first(count));
    if (!latency) return;
    Duration value = *latency;
    if (objective_ == Objective::kThroughput) {
      value = Duration{};
      for (std::size_t i = 0; i < count; ++i) value = std::max(value, pieces[i].load);
    }
    if (!best_.value || value < *best_.value) best_.value = value;
  }

  struct Piece {
    Set holds = 0;
    Duration load{};
  };

  // When the last piece ends if each starts when all it reads is there; nullopt if that never
  // happens because pieces wait for each other.
  std::optional<Duration> last_end(std::span<const Piece> pieces) const {
    std::array<Duration, kBruteOperators> end{};  // by operator
    Set done = 0;
    Duration last{};
    for (bool moved = true; moved;) {
      moved = false;
      for (const Piece& piece : pieces) {
        if ((done & piece.holds) != 0) continue;
        const Set needs = read_by(piece.holds) & ~piece.holds;
        if ((needs & ~done) != 0) continue;
        Duration start{};
        for (std::size_t i = 0; i < operators_; ++i)
          if ((needs >> i & 1) != 0) start = std::max(start, end[i]);
        const Duration ends =
            start > Duration::max() - piece.load ? Duration::max() : start + piece.load;
        for (std::size_t i = 0; i < operators_; ++i)
          if ((piece.holds >> i & 1) != 0) end[i] = ends;
        last = std::max(last, ends);
        done |= piece.holds;
        moved = true;
      }
    }
    if (done != (Set{1} << operators_) - 1) return std::nullopt;
    return last;
  }

  Set read_by(Set set) const {
    Set out = 0;
    for (std::size_t i = 0; i < operators_; ++i)
      if ((set >> i & 1) != 0) out |= tables_.reads[i];
    return out;
  }

  const Objective objective_;
  const Duration limit_;
  const Tables tables_;
  const std::size_t operators_;
  std::vector<Set> groups_;
  std::vector<Node> nodes_;
  BestOfAll best_;
};

}  // namespace

bool small_enough(const PricedGraph& graph, Objective objective) {
  if (graph.operators.size() > kBruteOperators) return false;
  return std::ranges::all_of(graph.classes, [&](const priced::NodeClass& it) {
    return it.count <= kBruteNodes ||
           (objective == Objective::kLatency && it.kind == NodeKind::kCpu);
  });
}

BestOfAll best_of_all(const PricedGraph& graph, Objective objective, Duration limit) {
  SOLITON_CHECK(small_enough(graph, objective));
  return Trial(graph, objective, limit).run();
}

}  // namespace soliton::verify
