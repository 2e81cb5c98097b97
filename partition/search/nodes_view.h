// The cluster as the search sees it: the host, and the usable nodes in groups whose members can
// stand in for each other. It does not depend on the order in which a cluster file lists the nodes.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "partition/lower/lower.h"
#include "partition/search/layer_pins.h"
#include "partition/search/partition.h"

namespace soliton {

// Equal devices on equal cables to the same vertices, which may hold the same layers: exchanging two
// of them changes no times.
struct NodeGroup {
  std::size_t first = 0;  // nodes [first, first + count) of the view
  std::size_t count = 0;
  std::size_t device_class = 0;
  // Groups attached to switches that can be exchanged as a whole have equal `kind`; `leaf`
  // distinguishes the switches of a kind. A switch that cannot be exchanged has a kind of its own.
  std::size_t kind = 0;
  std::size_t leaf = 0;
};

// Paths between groups, distinguished by what affects a message: cables, switches, rates.
class Distances {
 public:
  // `ends[g]`: two nodes of each group, or the same one twice if it has only one. The host is the
  // last group.
  Distances(const Topology* topology, const Routes* routes, std::vector<std::array<NodeId, 2>> ends,
            std::uint32_t mtu);

  // Equal numbers for equal paths. If a == b the path is between two nodes of the group.
  std::uint32_t way_class(std::size_t a, std::size_t b) const;
  // Time of one message on an idle network; 0 without a topology, or from a node to itself.
  Duration message(std::size_t a, std::size_t b, std::int64_t elements) const;
  // The least such time between any two nodes, the host excluded.
  Duration least_message(std::int64_t elements) const;
  // The bytes of the message's last packet on the one cable of a group's nodes; nothing when they
  // have several.
  Duration on_cable(std::size_t group, std::int64_t elements) const;
  Duration least_on_cable(std::int64_t elements) const;
  // All packets of the message, with their headers, on it.
  Duration bytes_on_cable(std::size_t group, std::int64_t elements) const;
  std::size_t groups() const { return ends_.size() - 1; }

 private:
  // The two nodes between which a message from group `a` to group `b` travels, unless they are the
  // same.
  std::optional<std::array<NodeId, 2>> ends_of(std::size_t a, std::size_t b) const;

  const Topology* topology_;
  const Routes* routes_;
  std::vector<std::array<NodeId, 2>> ends_;
  std::uint32_t mtu_;
  std::vector<std::optional<BitRate>> cable_;  // per group, of a node's only one
  mutable std::vector<std::uint32_t> class_;   // by pair; 0: not computed yet
  mutable std::map<std::vector<std::int64_t>, std::uint32_t> classes_;
  mutable std::map<std::pair<std::uint32_t, std::int64_t>, Duration> times_;
  mutable std::map<std::int64_t, Duration> least_;
};

struct NodesView {
  // Ordered by group: first the group nearest to the host, then always the one nearest to the group
  // before; in a group by name.
  std::vector<LowerNode> nodes;
  std::vector<std::string> places;        // per node
  std::vector<std::size_t> device_class;  // by node; equal devices have equal numbers
  std::vector<std::size_t> group;         // per node
  std::vector<NodeGroup> groups;
  std::shared_ptr<const Distances> distances;  // by group; the host is the last
  std::string host;
  bool mixed = false;  // devices differ
  // Nodes are grouped although their flows may take different ways of equal length: what is played is
  // true, but holds for no other node of a group.
  bool flows_differ = false;

  LayerPins pins;
  std::vector<std::size_t> signature;  // by node, of `pins`

  std::size_t host_group() const { return groups.size(); }
  // Whether the constraints let a node hold layers [first, last).
  bool may_hold(std::size_t node, std::size_t first, std::size_t last) const {
    return !pins.any() || pins.allow(signature[node], first, last);
  }
  bool may_hold(std::span<const std::size_t> all, std::size_t first, std::size_t last) const;
};

Checked<NodesView> view_nodes(const PartitionRequest& request);

}  // namespace soliton
