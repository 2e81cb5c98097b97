#include "fabric/sim/cut.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "topologies/line.h"
#include "topologies/switching.h"

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

// The graph by ports: 2 x links of them.
class Ports {
 public:
  explicit Ports(const Topology& topology)
      : topology_(topology), leaving_(topology.vertices.size()) {
    for (std::size_t port = 0; port < count(); ++port) leaving_[near(port)].push_back(port);
  }

  std::size_t count() const { return topology_.links.size() * 2; }
  std::uint32_t near(std::size_t port) const { return topology_.links[port / 2].ends[port % 2]; }
  std::uint32_t far(std::size_t port) const {
    return far_end(topology_.links[port / 2], static_cast<std::uint8_t>(port % 2));
  }
  bool is_node(std::uint32_t vertex) const { return vertex < topology_.nodes; }
  const std::vector<std::size_t>& leaving(std::uint32_t vertex) const { return leaving_[vertex]; }

  // Least time from an event at the port to one that follows at its far end.
  Duration crossing(std::size_t port) const {
    const TopologyLink& link = topology_.links[port / 2];
    const OnLine on_line =
        cross_line({kRunStart, kRunStart}, kRunStart, line_time(link, Bytes{0}), link.latency);
    if (is_node(far(port))) return on_line.tail - kRunStart;
    return cross_switch(topology_.vertices[far(port)], on_line).ready - kRunStart;
  }

 private:
  const Topology& topology_;
  std::vector<std::vector<std::size_t>> leaving_;  // by vertex
};

// Which part each vertex is best in, before what must stay together is looked at.
class Places {
 public:
  Places(const Topology& topology, const Ports& ports, std::uint32_t parts)
      : ports_(ports), nodes_(topology.nodes), parts_(parts) {
    place_nodes();
    levels_.assign(topology.vertices.size(), kNone);
    find_levels();
    parts_of_.resize(topology.vertices.size(), 0);
    place_switches();
  }

  std::uint32_t of(std::uint32_t vertex) const { return parts_of_[vertex]; }
  // Cables to the nearest node.
  std::uint32_t level(std::uint32_t vertex) const { return levels_[vertex]; }

 private:
  // The switch that a node is at.
  std::uint32_t leaf(std::uint32_t node) const {
    const std::vector<std::size_t>& ports = ports_.leaving(node);
    return ports.empty() ? kNone : ports_.far(ports.front());
  }

  // Nodes of one switch side by side, and as many in each part. A switch with fewer nodes than a part
  // has stays whole.
  void place_nodes() {
    std::vector<std::uint32_t> order(nodes_);
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return leaf(a) < leaf(b); });
    parts_of_.assign(nodes_, 0);
    for (std::size_t from = 0, to = 0; from < order.size(); from = to) {
      while (to < order.size() && leaf(order[to]) == leaf(order[from])) ++to;
      const bool whole = (to - from) * parts_ <= nodes_;
      for (std::size_t i = from; i < to; ++i) {
        const std::size_t place = whole ? (from + to - 1) / 2 : i;
        parts_of_[order[i]] = static_cast<std::uint32_t>(place * parts_ / nodes_);
      }
    }
  }

  void find_levels() {
    for (std::uint32_t node = 0; node < nodes_; ++node) {
      levels_[node] = 0;
      order_.push_back(node);
    }
    for (std::size_t i = 0; i < order_.size(); ++i) {
      for (const std::size_t port : ports_.leaving(order_[i])) {
        const std::uint32_t far = ports_.far(port);
        if (levels_[far] != kNone) continue;
        levels_[far] = levels_[order_[i]] + 1;
        order_.push_back(far);
      }
    }
  }

  // A switch is where most of what hangs below it is.
  void place_switches() {
    for (const std::uint32_t at : order_) {
      if (ports_.is_node(at)) continue;
      std::vector<std::uint32_t> below(parts_, 0);
      for (const std::size_t port : ports_.leaving(at)) {
        const std::uint32_t far = ports_.far(port);
        if (levels_[far] < levels_[at]) ++below[parts_of_[far]];
      }
      parts_of_[at] =
          static_cast<std::uint32_t>(std::max_element(below.begin(), below.end()) - below.begin());
    }
  }

  const Ports& ports_;
  std::uint32_t nodes_;
  std::uint32_t parts_;
  std::vector<std::uint32_t> parts_of_;  // by vertex
  std::vector<std::uint32_t> levels_;    // by vertex
  std::vector<std::uint32_t> order_;     // vertices, the lowest levels first
};

class Cutter {
 public:
  Cutter(const Topology& topology, std::uint32_t parts)
      : topology_(topology),
        ports_(topology),
        places_(topology, ports_, parts),
        units_(ports_.count() + topology.nodes),
        cut_{.parts = parts, .part_of_node = {}, .part_of_port = {}, .least = {}} {}

  Cut cut() {
    find_units();
    place_units();
    measure();
    return std::move(cut_);
  }

 private:
  void find_units() {
    for (std::size_t port = 0; port < ports_.count(); ++port) {
      if (ports_.is_node(ports_.near(port))) units_.join(port, ports_.count() + ports_.near(port));
      const std::uint32_t far = ports_.far(port);
      if (ports_.is_node(far) || ports_.crossing(port) > Duration{}) continue;
      for (const std::size_t next : ports_.leaving(far)) units_.join(port, next);
    }
    // Ports that share a buffer look at what the others hold, and pauses at all that a switch holds.
    for (std::uint32_t v = topology_.nodes; v < topology_.vertices.size(); ++v)
      if (whole_switch(topology_, v))
        for (const std::size_t port : ports_.leaving(v))
          units_.join(port, ports_.leaving(v).front());
  }

  // A cable belongs to its lower end, so a way up and down again changes parts once.
  void place_units() {
    std::vector<std::uint32_t> part(ports_.count() + topology_.nodes, kNone);
    for (std::uint32_t node = 0; node < topology_.nodes; ++node) {
      std::uint32_t& unit = part[units_.find(ports_.count() + node)];
      if (unit == kNone) unit = places_.of(node);
      cut_.part_of_node.push_back(unit);
    }
    for (std::size_t port = 0; port < ports_.count(); ++port) {
      std::uint32_t& unit = part[units_.find(port)];
      const std::uint32_t near = ports_.near(port), far = ports_.far(port);
      if (unit == kNone) unit = places_.of(places_.level(near) <= places_.level(far) ? near : far);
      cut_.part_of_port.push_back(unit);
    }
  }

  // Until a signal of the switch at the far end of the port pauses it.
  Duration signal(std::size_t port) const {
    const TopologyLink& link = topology_.links[port / 2];
    return pause_delay(link.latency, link.rate);
  }
  Duration& least(std::uint32_t from, std::uint32_t to) {
    return cut_.least[std::size_t{from} * cut_.parts + to];
  }
  void reach(std::uint32_t from, std::uint32_t to, Duration in) {
    if (to != from) least(from, to) = std::min(least(from, to), in);
  }

  // Shortest ways between parts (Floyd and Warshall).
  void measure() {
    const std::uint32_t n = cut_.parts;
    cut_.least.assign(std::size_t{n} * n, kUnbounded);
    for (std::size_t port = 0; port < ports_.count(); ++port) {
      const std::uint32_t from = cut_.of_port(port), far = ports_.far(port);
      const Duration in = ports_.crossing(port);
      if (ports_.is_node(far)) {
        reach(from, cut_.of_node(far), in);
        continue;
      }
      for (const std::size_t next : ports_.leaving(far)) {
        reach(from, cut_.of_port(next), in);
        if (topology_.pause) reach(cut_.of_port(next), from, signal(port));
      }
    }
    for (std::uint32_t over = 0; over < n; ++over)
      for (std::uint32_t a = 0; a < n; ++a)
        for (std::uint32_t b = 0; b < n; ++b)
          if (least(a, over) != kUnbounded && least(over, b) != kUnbounded)
            reach(a, b, least(a, over) + least(over, b));
  }

  const Topology& topology_;
  Ports ports_;
  Places places_;
  Units units_;
  Cut cut_;
};

}  // namespace

Cut cut_network(const Topology& topology, std::uint32_t parts) {
  parts = std::min(parts, topology.nodes);
  if (parts < 2) return {};
  Cut cut = Cutter(topology, parts).cut();
  const bool apart = std::ranges::any_of(
      cut.part_of_node, [&](std::uint32_t part) { return part != cut.part_of_node.front(); });
  return apart ? cut : Cut{};
}

}  // namespace soliton
