// The fault plan in wall time: stands between LTL and a carrier that has no links of its own, and
// applies the rules of the links a datagram would cross in the emulated network.
//
// Each link is judged once: by the sender for all links of the route but the last, by the receiver
// for the last one. So a rule on a host's cable keeps its packet ordinals in one place; on inner
// links every sender counts its own packets (its id is mixed into the ordinal, so that two senders'
// luck is independent).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "fabric/faults/link_faults.h"
#include "fabric/link.h"
#include "topologies/topology.h"

namespace soliton {

// One node's part of the routing table, small enough to hand to its process.
struct NodeRoutes {
  NodeId self{};
  std::size_t links = 0;             // of the whole topology
  std::vector<std::vector<Hop>> to;  // by destination: the route; empty at `self`
  std::vector<std::vector<Hop>>
      from;  // by source: the last hop of its route to here (0 or 1 entries)
};
NodeRoutes node_routes(const Topology& topology, const Routes& routes, NodeId self);

class FaultInterceptor : public Link {
 public:
  // `inner` outlives the object.
  FaultInterceptor(Link& inner, const FaultPlan& plan, NodeRoutes routes);

  void send(Datagram datagram, Instant now) override;
  std::optional<Datagram> receive(Instant now) override;
  Instant next_wake() const override;

  // By position of the rule in the plan; what this node decided only.
  const std::vector<FaultCounters>& counters() const { return faults_.counters(); }

 private:
  // Held datagrams by (due, order of holding).
  using Held = std::map<std::pair<Instant, std::uint64_t>, Datagram>;

  // Judges `hops` in turn; the delay of one puts the next off. The instant the datagram goes on, or
  // nothing when lost.
  std::optional<Instant> cross(std::vector<Hop>::const_iterator first,
                               std::vector<Hop>::const_iterator last, Instant now);
  void release(Instant now);

  Link& inner_;
  LinkFaults faults_;
  NodeRoutes routes_;
  std::vector<std::uint64_t> ordinals_;  // by link and direction
  std::uint64_t held_count_ = 0;         // ever
  Held leaving_;
  Held arriving_;
};

}  // namespace soliton
