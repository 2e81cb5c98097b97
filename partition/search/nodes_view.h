// The cluster as the search sees it: the host, and the usable nodes in groups whose members can
// stand in for each other. Nothing in it depends on the order in which a cluster file lists its
// nodes.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "partition/lower/lower.h"
#include "partition/search/partition.h"

namespace soliton {

// Equal devices on equal cables to the same vertices: exchanging two of them changes no time.
struct NodeGroup {
  std::size_t first = 0;  // nodes [first, first + count) of the view
  std::size_t count = 0;
  std::size_t device_class = 0;
  // Groups that hang on switches which can be exchanged whole have equal `kind`; `leaf` tells the
  // switches of a kind apart. A leaf that stands alone has a kind of its own.
  std::size_t kind = 0;
  std::size_t leaf = 0;
};

// Ways between groups, told apart by what a message can notice: cables, switches, rates.
class Distances {
 public:
  // `ends[g]`: two nodes of each group, the same one twice when it has one; the host is the last.
  Distances(const Topology* topology, const Routes* routes, std::vector<std::array<NodeId, 2>> ends,
            std::uint32_t mtu);

  // Equal numbers for equal ways. Between two nodes of a group when a == b.
  std::uint32_t way_class(std::size_t a, std::size_t b) const;
  // One message on an idle network; nothing without a topology, or from a node to itself.
  Duration message(std::size_t a, std::size_t b, std::int64_t elements) const;
  // The least between any two nodes; to or from the host not counted.
  Duration least_message(std::int64_t elements) const;
  // The bytes of the message's last packet on the one cable of a group's nodes; nothing when they
  // have several.
  Duration on_cable(std::size_t group, std::int64_t elements) const;
  Duration least_on_cable(std::int64_t elements) const;
  // All packets of the message, with their headers, on it.
  Duration bytes_on_cable(std::size_t group, std::int64_t elements) const;
  std::size_t groups() const { return ends_.size() - 1; }

 private:
  // The two nodes between which a message from group `a` to group `b` goes, unless they are one.
  std::optional<std::array<NodeId, 2>> ends_of(std::size_t a, std::size_t b) const;

  const Topology* topology_;
  const Routes* routes_;
  std::vector<std::array<NodeId, 2>> ends_;
  std::uint32_t mtu_;
  std::vector<std::optional<BitRate>> cable_;  // per group, of a node's only one
  mutable std::vector<std::uint32_t> class_;   // by pair, 0: not asked for yet
  mutable std::map<std::vector<std::int64_t>, std::uint32_t> classes_;
  mutable std::map<std::pair<std::uint32_t, std::int64_t>, Duration> times_;
  mutable std::map<std::int64_t, Duration> least_;
};

struct NodesView {
  // Group by group: the host's nearest first, then each time the one nearest to the last; inside a
  // group by name.
  std::vector<LowerNode> nodes;
  std::vector<std::string> places;        // per node
  std::vector<std::size_t> device_class;  // per node; equal devices have equal numbers
  std::vector<std::size_t> group;         // per node
  std::vector<NodeGroup> groups;
  std::shared_ptr<const Distances> distances;  // by group; the host is the last
  std::string host;
  CpuDevice cpu;
  bool mixed = false;  // devices differ

  std::size_t host_group() const { return groups.size(); }
};

Checked<NodesView> view_nodes(const PartitionRequest& request);

}  // namespace soliton
