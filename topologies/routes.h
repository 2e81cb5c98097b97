// The paths of packets, shared by the simulated network, the predictions and the faults of wall
// time.
//
// A path has only switches and routers of nodes between its ends. Which of several it is says the
// topology (Routing):
//
//   fixed  the shortest one by latency: of its cables, and of the switches between its ends. Of several
//          shortest ones it is that whose last link has the lowest number, then the one before the last,
//          and so on back to the start. The rest of a path, from any vertex on it, is therefore the path
//          from that vertex
//   ecmp   one over the fewest cables, chosen at every switch by the flow
//   spray  the same, chosen at every switch by the flow and the packet's ordinal in it
//
// Packets follow the same rule in what is left of the network while some of it is known to be down:
// `Topology::reroute` after it failed, and until as long after it is back. Where nothing is left that
// leads to the destination, they go where they would have gone, and are lost at the failure.
//
// So where a packet goes next depends on where it is, where it is going, what it is and when: no state is
// needed per pair of nodes, and all parts of a network, threads and machines find the same.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/base/check.h"
#include "protocol/base/types.h"
#include "topologies/line.h"
#include "topologies/topology.h"

namespace soliton {

// A flow is all that one node sends to another: LTL numbers the packets of a connection, whatever their
// channel, and has to find out whether one that is late was overtaken or lost. So packets of one flow
// take the same path, but with `spray`. The key is made from the names of both.
enum class FlowKey : std::uint64_t {};

// What of a packet its way depends on.
struct PacketKey {
  FlowKey flow{};
  std::uint32_t ordinal = 0;  // in its flow, as its sender counts (FlowOrdinals); for `spray` only
  Instant at{};               // when it is sent on
};

// Links that carry nothing from `from` until `until`.
struct Outage {
  std::vector<std::uint32_t> links;
  bool forward = true;   // in direction 0
  bool backward = true;  // in direction 1
  Instant from{};
  Instant until = kNever;
};

// Of a node's, switch's or cable's name: the same on every machine.
std::uint64_t name_hash(std::string_view name);

// A rule for the next hop. Values that never change, so any number of topologies and threads may
// share one; those that look up tables are the exception.
class NextHops {
 public:
  virtual ~NextHops() = default;
  // The link on which a packet for `destination` leaves `vertex`. nullopt if there is no path.
  // REQUIRES: `vertex` is not the destination.
  virtual std::optional<Hop> next_hop(std::uint32_t vertex, NodeId destination,
                                      const PacketKey& key) const = 0;
  // Appends the hops among which the packets of a flow choose there, whatever their ordinals.
  virtual void choices(std::uint32_t vertex, NodeId destination, const PacketKey& key,
                       std::vector<Hop>& out) const {
    if (const std::optional<Hop> hop = next_hop(vertex, destination, key)) out.push_back(*hop);
  }
};

// The next hops of one topology, computed by its kind or looked up in tables. One thread, as tables
// are filled when they are first needed. `topology` outlives the object.
class Routes {
 public:
  explicit Routes(const Topology& topology, std::vector<Outage> outages = {});
  // The same routes with tables of their own, for another thread.
  Routes anew() const { return Routes(topology_, outages_); }

  std::optional<Hop> next_hop(std::uint32_t vertex, NodeId destination,
                              const PacketKey& key) const {
    return next_hops_->next_hop(vertex, destination, key);
  }
  // Whether the packets of one flow take several ways at one time.
  bool sprays() const;
  FlowKey flow(NodeId from, NodeId to) const {
    return FlowKey{(names_[index(from)] * 0x9e3779b97f4a7c15ULL + names_[index(to)]) ^ salt_};
  }

  // Instants from which packets may take other ways than before, in order.
  const std::vector<Instant>& changes() const { return changes_; }

  // The path of the first packet of the flow while all of the network is up. Calls visit(hop) for each
  // of its hops, in order; never if there is no path. REQUIRES: from != to.
  template <typename Visit>
  void follow(NodeId from, NodeId to, Visit visit) const;
  // The hops of that path; empty if there is none. REQUIRES: from != to.
  std::vector<Hop> path(NodeId from, NodeId to) const;
  // All hops of all paths that packets of the flow take at one time, each behind those that lead to it.
  // `at`: kRunStart is before all changes. Empty if there is none. REQUIRES: from != to.
  std::vector<Hop> ways(NodeId from, NodeId to, Instant at = kRunStart) const;
  // The hops that all packets of the flow cross while all of the network is up, in order.
  std::vector<Hop> common_hops(NodeId from, NodeId to) const;

 private:
  const Topology& topology_;
  std::shared_ptr<const NextHops> whole_;      // while all of the network is up
  std::shared_ptr<const NextHops> next_hops_;  // the same, or what knows the outages
  std::vector<Outage> outages_;
  std::vector<Instant> changes_;
  std::vector<std::uint64_t> names_;  // hashes, by node
  std::uint64_t salt_ = 0;
};

// Time from handing a packet of `packet` LTL bytes (header included) to an idle network until its
// tail has arrived.
Duration transfer_time(const Topology& topology, std::span<const Hop> path, Bytes packet);
// The same of any of the paths that `ways` (Routes::ways()) are made of: no packet is sooner or later than
// these. The first port is free from `first_free` on.
struct TransferTimes {
  Duration least{};
  Duration most{};
};
TransferTimes transfer_times(const Topology& topology, std::span<const Hop> ways, Bytes packet,
                             Duration first_free = {});
// Least time any packet needs from one vertex's line to the next: what the virtual-time engine may
// promise.
Duration least_latency(const Topology& topology, std::span<const Hop> path);

template <typename Visit>
void Routes::follow(NodeId from, NodeId to, Visit visit) const {
  SOLITON_CHECK(from != to && index(from) < topology_.nodes && index(to) < topology_.nodes);
  const PacketKey key{.flow = flow(from, to)};
  std::size_t hops = 0;
  for (std::uint32_t at = index(from); at != index(to);) {
    const std::optional<Hop> hop = whole_->next_hop(at, to, key);
    if (!hop && hops == 0) return;
    SOLITON_CHECK_MSG(hop && ++hops <= topology_.vertices.size(),
                      "the way from {} to {} ends at {}", topology_.vertices[index(from)].name,
                      topology_.vertices[index(to)].name, topology_.vertices[at].name);
    visit(*hop);
    at = far_end(topology_.links[hop->link], hop->direction);
  }
}

}  // namespace soliton
