// Next hops of `routing: ecmp`, for a topology of any shape: of all neighbours over which a destination
// is fewest cables away, one is chosen for each flow.
//
// The choice is by rendezvous hashing (Thaler and Ravishankar, "Using name-based mappings to increase hit
// rates", 1998): of the cables that lead on, that with the greatest hash of flow, switch and cable, each
// by its name. So the order in which a file lists nodes changes nothing, and where a cable is gone
// only the flows that took it take others. Parallel cables are chosen among like any others.
//
// An inner vertex gets a table when a packet first has to go there: its distance from every other one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "topologies/inner_graph.h"
#include "topologies/routes.h"

namespace soliton {

// One thread. `topology` outlives the object.
class EqualPaths : public NextHops {
 public:
  explicit EqualPaths(const Topology& topology);
  std::optional<Hop> next_hop(std::uint32_t vertex, NodeId destination,
                              FlowKey flow) const override;
  // All hops among which flows choose; empty if there is no path. REQUIRES: as next_hop().
  std::vector<Hop> next_hops(std::uint32_t vertex, NodeId destination) const;

 private:
  // Cables to the destination, by inner vertex; kFar: there is no path.
  using Table = std::vector<std::uint32_t>;
  static constexpr std::uint32_t kFar = ~std::uint32_t{0};

  const Table& table(std::uint32_t inner) const;
  Table distances(std::uint32_t destination) const;
  template <typename Visit>
  void for_each(std::uint32_t from, std::uint32_t to, Visit visit) const;

  InnerGraph graph_;
  std::vector<std::uint64_t> names_;                    // hashes, by inner vertex
  std::vector<std::uint64_t> cables_;                   // the same, by link
  mutable std::vector<std::unique_ptr<Table>> tables_;  // by inner vertex
};

// Whether two nodes may have several paths of equal length: two switches, or nodes with several cables,
// are joined in more than one way.
bool many_paths(const Topology& topology);

}  // namespace soliton
