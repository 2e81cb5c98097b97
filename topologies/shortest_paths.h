// Next hops of `routing: fixed`, for a topology of any shape, in tables.
//
// An inner vertex gets a table when a packet first has to leave it: Dijkstra's algorithm from that
// vertex, of whose tree only the first hops are kept.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "topologies/inner_graph.h"
#include "topologies/ports_down.h"
#include "topologies/routes.h"

namespace soliton {

// One thread. `topology` outlives the object.
class ShortestPaths : public NextHops {
 public:
  // With some ports down.
  explicit ShortestPaths(const Topology& topology, PortsDown down = {});
  std::optional<Hop> next_hop(std::uint32_t vertex, NodeId destination,
                              const PacketKey& key) const override;

 private:
  // Port numbers (port_of()), by inner vertex. kNoPort: there is no path.
  using Table = std::vector<std::uint32_t>;

  const Table& table(std::uint32_t inner) const;
  Table first_hops(std::uint32_t root) const;

  const Topology& topology_;
  InnerGraph graph_;
  PortsDown down_;
  mutable std::vector<std::unique_ptr<Table>> tables_;  // by inner vertex
};

}  // namespace soliton
