// What paths are searched in: switches, and nodes with other than one cable to a switch. A node whose
// only cable leads to a switch is left out: it is reached through that switch, and packets leave it by
// its cable. So thousands of hosts cost one vertex a rack.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "protocol/base/types.h"
#include "topologies/line.h"
#include "topologies/topology.h"

namespace soliton {

class InnerGraph {
 public:
  static constexpr std::uint32_t kNoPort = ~std::uint32_t{0};

  // `topology` outlives the object.
  explicit InnerGraph(const Topology& topology);

  // A link that leaves an inner vertex towards another one.
  struct Edge {
    std::uint32_t port;  // port_of()
    std::uint32_t to;
  };

  std::size_t size() const { return vertex_.size(); }
  // The inner vertex of a vertex: itself, or the switch on which it hangs.
  std::uint32_t inner(std::uint32_t vertex) const { return inner_[vertex]; }
  const Vertex& vertex(std::uint32_t inner) const { return topology_.vertices[vertex_[inner]]; }
  // In order of links.
  std::span<const Edge> edges(std::uint32_t inner) const {
    return std::span(edges_).subspan(first_edge_[inner],
                                     first_edge_[inner + 1] - first_edge_[inner]);
  }
  // The hop that leaves no choice: from a node by its only cable, or from a switch to a node that hangs
  // on it. Unset: the next one is to be chosen.
  std::optional<Hop> only_hop(std::uint32_t vertex, NodeId destination) const;

 private:
  void index_vertices();
  void index_edges();

  const Topology& topology_;
  std::vector<std::uint32_t> only_cable_;  // by vertex: its port; kNoPort for an inner vertex
  std::vector<std::uint32_t> inner_;       // by vertex
  std::vector<std::uint32_t> vertex_;      // by inner vertex, ascending
  std::vector<Edge> edges_;                // by inner vertex that they leave
  std::vector<std::uint32_t> first_edge_;  // by inner vertex; one more at the end
};

}  // namespace soliton
