// What the process of one node must know of the topology to judge its packets in wall time: the ways to
// and from those it talks to, as Routes says them.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "topologies/routes.h"

namespace soliton {

// A place at which packets to a peer go on over one of several cables.
struct WayFork {
  static constexpr std::uint32_t kArrived = UINT32_MAX;
  struct Exit {
    Hop hop;
    std::uint64_t cable = 0;      // hash of its name
    std::uint32_t to = kArrived;  // the fork that it leads to
    bool operator==(const Exit&) const = default;
  };
  std::uint64_t name = 0;  // hash of the vertex's
  std::vector<Exit> exits;
  bool operator==(const WayFork&) const = default;
};

// The ways that packets take from an instant on. The first fork is at their sender.
struct TimedWays {
  Instant from{};
  std::vector<WayFork> forks;
  bool operator==(const TimedWays&) const = default;
};

struct PeerRoute {
  NodeId peer{};
  FlowKey flow{};
  std::vector<TimedWays>
      to;  // in order, the first from kRunStart; what a packet crosses is up to its key
  // The last hop of packets to the peer, which the peer judges. Unset: these take several, of which the
  // peer cannot tell which one a packet came over, so the sender judges that, too.
  std::optional<Hop> last_to;
  std::optional<Hop> last_from;  // the same for packets from the peer
  bool operator==(const PeerRoute&) const = default;
};

struct NodeRoutes {
  NodeId self{};
  std::size_t links = 0;                                 // of the whole topology
  bool spray = false;                                    // a flow's packets take ways of their own
  std::vector<PeerRoute> peers;                          // ascending, each once
  std::vector<std::pair<std::uint32_t, BitRate>> rates;  // of the links of these ways, ascending

  // REQUIRES: the link is on one of the ways.
  BitRate rate_of(std::uint32_t link) const;
};
// Peers without a path are left out.
NodeRoutes node_routes(const Topology& topology, const Routes& routes, NodeId self,
                       std::vector<NodeId> peers);

// Appends the hops of a packet with this ordinal that is sent at `now`.
void append_path(const PeerRoute& route, bool spray, std::uint32_t ordinal, Instant now,
                 std::vector<Hop>& hops);

}  // namespace soliton
