// Next hops of a topology of any shape, in tables.
//
// A vertex gets a table when a packet first has to leave it: Dijkstra's algorithm from that vertex,
// of whose tree only the first hops are kept. Nodes whose only cable leads to a switch are left out
// of it: they are reached through their switch, and packets leave them by their cable. So thousands
// of hosts cost one table per rack, with one entry per rack.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "topologies/routes.h"

namespace soliton {

// One thread. `topology` outlives the object.
class ShortestPaths : public NextHops {
 public:
  explicit ShortestPaths(const Topology& topology);
  std::optional<Hop> next_hop(std::uint32_t vertex, NodeId destination,
                              FlowKey flow) const override;

 private:
  // Port numbers (port_of()), by inner vertex. kNoPort: there is no path.
  using Table = std::vector<std::uint32_t>;
  static constexpr std::uint32_t kNoPort = ~std::uint32_t{0};

  // A link that leaves an inner vertex towards another one.
  struct Edge {
    std::uint32_t port;
    std::uint32_t to;
  };

  const Table& table(std::uint32_t inner) const;
  Table first_hops(std::uint32_t root) const;
  void index_vertices();
  void index_edges();

  const Topology& topology_;
  // By vertex: the port of its only cable if that leads to a switch, so that it is not an inner
  // vertex; kNoPort for an inner vertex.
  std::vector<std::uint32_t> only_cable_;
  std::vector<std::uint32_t> inner_;  // by vertex: its number among the inner ones, or its switch's
  std::vector<std::uint32_t> vertex_;                   // by inner vertex, ascending
  std::vector<Edge> edges_;                             // by inner vertex that they leave
  std::vector<std::uint32_t> first_edge_;               // by inner vertex; one more at the end
  mutable std::vector<std::unique_ptr<Table>> tables_;  // by inner vertex
};

}  // namespace soliton
