// Next hops of a network parts of which are down at times: those in what is left of it, from
// Topology::reroute after each failure until as long after its end. What is down when is known beforehand,
// so which table holds is a function of time alone.
//
// Where nothing is left that leads to a destination, next hops are those of the whole network, and packets
// are lost at the failure. So a vertex that has no way left sends towards the failure, and one that
// has sends along that; a packet goes round in no circle while nothing changes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "topologies/equal_paths.h"
#include "topologies/ports_down.h"
#include "topologies/routes.h"

namespace soliton {

// One thread: tables are made when they are first needed. The topology outlives the object.
class Reroutes : public NextHops {
 public:
  // `whole`: the next hops while nothing is down. REQUIRES: topology.reroute.
  Reroutes(const Topology& topology, std::shared_ptr<const NextHops> whole,
           std::vector<Outage> outages);
  std::optional<Hop> next_hop(std::uint32_t vertex, NodeId destination,
                              const PacketKey& key) const override;
  void choices(std::uint32_t vertex, NodeId destination, const PacketKey& key,
               std::vector<Hop>& out) const override;
  // Instants at which another table begins to hold, in order.
  std::vector<Instant> changes() const;

 private:
  struct Version {
    Instant from{};
    const NextHops* next_hops = nullptr;  // null: not made yet
  };

  const NextHops& version_at(Instant at) const;
  const NextHops& make_version(Instant at) const;
  PortsDown down_at(Instant at) const;

  const Topology& topology_;
  std::shared_ptr<const NextHops> whole_;
  std::vector<Outage> outages_;
  std::unique_ptr<const EqualPaths> equal_;  // of the whole network, with `ecmp` and `spray`
  mutable std::vector<Version> versions_;    // in order; the first one from the beginning
  mutable std::map<PortsDown, std::unique_ptr<const NextHops>> tables_;
};

}  // namespace soliton
