// Next hops of `routing: ecmp` and `spray`, for a topology of any shape: of all neighbours over which a
// destination is fewest cables away, one is chosen for each flow, or for each packet of it.
//
// The choice is by rendezvous hashing (Thaler and Ravishankar, "Using name-based mappings to increase hit
// rates", 1998): of the cables that lead on, that with the greatest hash of flow, switch and cable, each
// by its name, and with `spray` of the packet's ordinal. So the order in which a file lists nodes changes
// nothing, and where a cable is gone only the flows that took it take others. Parallel cables are chosen
// among like any others.
//
// An inner vertex gets a table when a packet first has to go there: its distance from every other one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/base/rng.h"
#include "topologies/inner_graph.h"
#include "topologies/ports_down.h"
#include "topologies/routes.h"

namespace soliton {

// What a packet's choice at a switch depends on beside the cables: `here` for weight_of(). The hashes
// are of names (name_hash()).
inline std::uint64_t hash_at(std::uint64_t flow_hash, std::uint64_t switch_hash) {
  return mix64(flow_hash ^ switch_hash);
}
inline std::uint64_t weight_of(std::uint64_t here, std::uint64_t cable_hash) {
  return mix64(here ^ cable_hash);
}
// Of a flow, or of a packet where these take ways of their own.
inline std::uint64_t flow_hash(const PacketKey& key, bool spray) {
  const auto flow = static_cast<std::uint64_t>(key.flow);
  return spray ? mix64(flow + 0x9e3779b97f4a7c15ULL * (std::uint64_t{key.ordinal} + 1)) : flow;
}

// One thread. `topology` outlives the object.
class EqualPaths : public NextHops {
 public:
  explicit EqualPaths(const Topology& topology);
  // The same with some ports down.
  EqualPaths(const EqualPaths& whole, PortsDown down);
  std::optional<Hop> next_hop(std::uint32_t vertex, NodeId destination,
                              const PacketKey& key) const override;
  void choices(std::uint32_t vertex, NodeId destination, const PacketKey& key,
               std::vector<Hop>& out) const override;
  // All hops among which flows choose; empty if there is no path. REQUIRES: as next_hop().
  std::vector<Hop> next_hops(std::uint32_t vertex, NodeId destination) const;

 private:
  // Cables to the destination, by inner vertex; kFar: there is no path.
  using Table = std::vector<std::uint32_t>;
  static constexpr std::uint32_t kFar = ~std::uint32_t{0};
  struct Named {
    explicit Named(const Topology& topology);
    InnerGraph graph;
    std::vector<std::uint64_t> vertices;  // hashes, by inner vertex
    std::vector<std::uint64_t> cables;    // the same, by link
  };

  const Table& table(std::uint32_t inner) const;
  Table distances(std::uint32_t destination) const;
  template <typename Visit>
  void for_each(std::uint32_t from, std::uint32_t to, Visit visit) const;

  std::shared_ptr<const Named> named_;
  bool spray_ = false;
  PortsDown down_;
  mutable std::vector<std::unique_ptr<Table>> tables_;  // by inner vertex
};

// Whether two nodes may have several paths of equal length: two switches, or nodes with several cables,
// are joined in more than one way.
bool many_paths(const Topology& topology);

}  // namespace soliton
