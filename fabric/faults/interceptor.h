// Applies the fault plan in wall time: lies between LTL and a carrier without links of its own, and
// applies the rules of the links that a datagram would cross in the emulated network.
//
// Each link of a path is judged once: the last one by the receiver, all others by the sender. So
// the packets of a host's cable are counted in one place. Where packets arrive over several links, the
// receiver cannot tell over which, and their sender judges the last one as well. On inner links every
// sender counts its own packets, and its number is mixed into the count, so that the chances of two
// senders are independent.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "fabric/faults/link_faults.h"
#include "fabric/faults/node_routes.h"
#include "fabric/faults/port_backlog.h"
#include "fabric/link.h"
#include "topologies/flow_ordinals.h"

namespace soliton {

class FaultInterceptor : public Link {
 public:
  // `inner` outlives the object. Datagrams go to peers in `routes` only.
  FaultInterceptor(Link& inner, const FaultPlan& plan, NodeRoutes routes);

  void send(Datagram datagram, Instant now) override;
  std::optional<Datagram> receive(Instant now) override;
  Instant next_wake() const override;

  // By position of the rule in the plan; only what this node has decided.
  const std::vector<FaultCounters>& counters() const { return faults_.counters(); }
  std::vector<FaultFiring> take_firings() { return faults_.take_firings(); }

 private:
  // Held datagrams by (due, order of holding).
  using Held = std::map<std::pair<Instant, std::uint64_t>, Datagram>;

  // What becomes of a datagram that is not lost.
  struct Crossed {
    Instant due{};
    std::vector<Duration> copies;
    std::vector<FaultAction> changes;
    bool plain(Instant now) const { return due <= now && copies.empty() && changes.empty(); }
  };

  // A port that a rule acts on, as far as this node fills it: the line at its rate, and what waits.
  struct Port {
    Instant free{};
    PortBacklog backlog;
  };

  // When a datagram that comes to the port of a hop at `due` is on the line; nullopt: it is lost there.
  std::optional<Instant> pass_port(const Hop& hop, bool at_card, const Datagram& datagram,
                                   bool at_end, Instant due);
  // Judges each hop in turn, later by what the ones before have delayed the datagram; nullopt if it is
  // lost. `to_end`: the last of the hops leads to where it is for; `from_card`: the first begins at this
  // node's card.
  std::optional<Crossed> cross(std::span<const Hop> hops, const Datagram& datagram, bool from_card,
                               bool to_end, Instant now);
  void hold(const Crossed& crossed, Datagram datagram, Held& held);
  // Null when `peer` is not one.
  const PeerRoute* route_of(NodeId peer) const;
  void release(Instant now);

  Link& inner_;
  LinkFaults faults_;
  NodeRoutes routes_;
  std::vector<std::uint64_t> ordinals_;  // by link and direction
  FlowOrdinals sent_;                    // by peer
  std::map<std::size_t, Port> ports_;
  std::vector<Hop> hops_;         // of one packet, kept to save allocations
  std::uint64_t held_count_ = 0;  // ever
  Held leaving_;
  Held arriving_;
};

}  // namespace soliton
