#include "fabric/sim/cut.h"

#include <algorithm>
#include <numeric>
#include <queue>

#include "topologies/line.h"

namespace soliton {
namespace {

constexpr std::uint32_t kNone = UINT32_MAX;

// Sets of things that must lie in one part: ports, then nodes.
class Units {
 public:
  explicit Units(std::size_t size) : root_(size) { std::iota(root_.begin(), root_.end(), 0u); }

  std::uint32_t find(std::size_t at) {
    while (root_[at] != at) at = root_[at] = root_[root_[at]];
    return static_cast<std::uint32_t>(at);
  }
  void join(std::size_t a, std::size_t b) { root_[find(a)] = find(b); }

 private:
  std::vector<std::uint32_t> root_;
};

class Cutter {
 public:
  Cutter(const Topology& topology, std::uint32_t parts)
      : topology_(topology),
        ports_(topology.links.size() * 2),
        wanted_(std::min(parts, topology.nodes)),
        out_(topology.vertices.size()),
        units_(ports_ + topology.nodes) {
    for (std::size_t port = 0; port < ports_; ++port) out_[near(port)].push_back(port);
  }

  Cut cut() {
    if (wanted_ < 2) return {};
    find_units();
    place_nodes();
    find_levels();
    place_switches();
    Cut cut{.parts = wanted_, .part_of_node = nodes_, .part_of_port = {}, .least = {}};
    place_units(cut);
    measure(cut);
    return cut;
  }

 private:
  std::uint32_t near(std::size_t port) const { return topology_.links[port / 2].ends[port % 2]; }
  std::uint32_t far(std::size_t port) const {
    return far_end(topology_.links[port / 2], static_cast<std::uint8_t>(port % 2));
  }
  bool is_node(std::uint32_t vertex) const { return vertex < topology_.nodes; }

  // Least time from an event at the port to one that follows at its far end.
  Duration crossing(std::size_t port) const {
    const TopologyLink& link = topology_.links[port / 2];
    const OnLine on_line =
        cross_line({kRunStart, kRunStart}, kRunStart, line_time(link, Bytes{0}), link.latency);
    if (is_node(far(port))) return on_line.tail - kRunStart;
    return cross_switch(topology_.vertices[far(port)], on_line).ready - kRunStart;
  }

  void find_units() {
    for (std::size_t port = 0; port < ports_; ++port) {
      if (is_node(near(port))) units_.join(port, ports_ + near(port));
      if (is_node(far(port)) || crossing(port) > Duration{}) continue;
      for (const std::size_t next : out_[far(port)]) units_.join(port, next);
    }
    // Pauses look at all that a switch holds, and at circles through all of them.
    if (!topology_.pause) return;
    for (std::size_t port = 1; port < ports_; ++port) units_.join(port, 0);
  }

  // Nodes of one switch side by side, and as many in each part. A switch with fewer nodes than a part
  // has stays whole.
  void place_nodes() {
    std::vector<std::uint32_t> order(topology_.nodes);
    std::iota(order.begin(), order.end(), 0u);
    const auto leaf = [&](std::uint32_t node) {
      return out_[node].empty() ? kNone : far(out_[node].front());
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return leaf(a) < leaf(b); });
    nodes_.assign(topology_.nodes, 0);
    const auto part_at = [&](std::size_t place) {
      return static_cast<std::uint32_t>(place * wanted_ / topology_.nodes);
    };
    for (std::size_t from = 0, to = 0; from < order.size(); from = to) {
      while (to < order.size() && leaf(order[to]) == leaf(order[from])) ++to;
      const bool whole = (to - from) * wanted_ <= topology_.nodes;
      for (std::size_t i = from; i < to; ++i)
        nodes_[order[i]] = part_at(whole ? (from + to - 1) / 2 : i);
    }
  }

  // Cables to the nearest node.
  void find_levels() {
    levels_.assign(topology_.vertices.size(), kNone);
    std::queue<std::uint32_t> open;
    for (std::uint32_t node = 0; node < topology_.nodes; ++node) {
      levels_[node] = 0;
      open.push(node);
    }
    for (; !open.empty(); open.pop()) {
      order_.push_back(open.front());
      for (const std::size_t port : out_[open.front()]) {
        if (levels_[far(port)] != kNone) continue;
        levels_[far(port)] = levels_[open.front()] + 1;
        open.push(far(port));
      }
    }
  }

  // A switch is where most of what hangs below it is.
  void place_switches() {
    places_ = nodes_;
    places_.resize(topology_.vertices.size(), 0);
    for (const std::uint32_t at : order_) {
      if (is_node(at)) continue;
      std::vector<std::uint32_t> below(wanted_, 0);
      for (const std::size_t port : out_[at])
        if (levels_[far(port)] < levels_[at]) ++below[places_[far(port)]];
      places_[at] =
          static_cast<std::uint32_t>(std::max_element(below.begin(), below.end()) - below.begin());
    }
  }

  // A cable belongs to its lower end, so a way up and down again changes parts once.
  void place_units(Cut& cut) {
    std::vector<std::uint32_t> part(ports_ + topology_.nodes, kNone);
    for (std::uint32_t node = 0; node < topology_.nodes; ++node) {
      std::uint32_t& unit = part[units_.find(ports_ + node)];
      if (unit == kNone) unit = nodes_[node];
      cut.part_of_node[node] = unit;
    }
    for (std::size_t port = 0; port < ports_; ++port) {
      std::uint32_t& unit = part[units_.find(port)];
      const std::uint32_t lower =
          levels_[near(port)] <= levels_[far(port)] ? near(port) : far(port);
      if (unit == kNone) unit = places_[lower];
      cut.part_of_port.push_back(unit);
    }
  }

  // Shortest ways between parts (Floyd and Warshall).
  void measure(Cut& cut) const {
    const std::uint32_t n = cut.parts;
    cut.least.assign(std::size_t{n} * n, kUnbounded);
    const auto least = [&](std::uint32_t a, std::uint32_t b) -> Duration& {
      return cut.least[std::size_t{a} * n + b];
    };
    for (std::size_t port = 0; port < ports_; ++port) {
      const std::uint32_t from = cut.of_port(port);
      const auto reach = [&](std::uint32_t to) {
        if (to != from) least(from, to) = std::min(least(from, to), crossing(port));
      };
      if (is_node(far(port))) reach(cut.of_node(far(port)));
      if (!is_node(far(port)))
        for (const std::size_t next : out_[far(port)]) reach(cut.of_port(next));
    }
    for (std::uint32_t over = 0; over < n; ++over)
      for (std::uint32_t a = 0; a < n; ++a)
        for (std::uint32_t b = 0; b < n; ++b) {
          if (a == b || least(a, over) == kUnbounded || least(over, b) == kUnbounded) continue;
          least(a, b) = std::min(least(a, b), least(a, over) + least(over, b));
        }
  }

  const Topology& topology_;
  std::size_t ports_;
  std::uint32_t wanted_;
  std::vector<std::vector<std::size_t>> out_;  // ports that leave a vertex
  Units units_;
  std::vector<std::uint32_t> nodes_;   // part, by node
  std::vector<std::uint32_t> places_;  // part, by vertex
  std::vector<std::uint32_t> levels_;  // by vertex
  std::vector<std::uint32_t> order_;   // vertices, the lowest levels first
};

}  // namespace

Cut cut_network(const Topology& topology, std::uint32_t parts) {
  Cut cut = Cutter(topology, parts).cut();
  const bool apart =
      cut.parts > 1 && std::ranges::any_of(cut.part_of_node, [&](std::uint32_t part) {
        return part != cut.part_of_node.front();
      });
  return apart ? cut : Cut{};
}

}  // namespace soliton
