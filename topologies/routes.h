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
//
// So where a packet goes next depends on where it is, where it is going and its flow: no state is
// needed per pair of nodes.
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

// Packets with equal keys must not overtake each other, so they take the same path. A flow is all that
// one node sends to another: LTL numbers the packets of a connection, whatever their channel, and takes
// one that was overtaken for lost. The key is made from the names of both.
enum class FlowKey : std::uint64_t {};
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
                                      FlowKey flow) const = 0;
};

// The next hops of one topology, computed by its kind or looked up in tables. One thread, as tables
// are filled when they are first needed. `topology` outlives the object.
class Routes {
 public:
  explicit Routes(const Topology& topology);

  std::optional<Hop> next_hop(std::uint32_t vertex, NodeId destination, FlowKey flow) const {
    return next_hops_->next_hop(vertex, destination, flow);
  }
  FlowKey flow(NodeId from, NodeId to) const {
    return FlowKey{names_[index(from)] * 0x9e3779b97f4a7c15ULL + names_[index(to)]};
  }
  // Calls visit(hop) for each hop of the path from `from` to `to`, in order; never if there is no
  // path. REQUIRES: from != to.
  template <typename Visit>
  void follow(NodeId from, NodeId to, Visit visit) const;
  // The hops of the path; empty if there is none. REQUIRES: from != to.
  std::vector<Hop> path(NodeId from, NodeId to) const;

 private:
  const Topology& topology_;
  std::shared_ptr<const NextHops> next_hops_;
  std::vector<std::uint64_t> names_;  // hashes, by node
};

// Time from handing a packet of `packet` LTL bytes (header included) to an idle network until its
// tail has arrived.
Duration transfer_time(const Topology& topology, std::span<const Hop> path, Bytes packet);
// Least time any packet needs from one vertex's line to the next: what the virtual-time engine may
// promise.
Duration least_latency(const Topology& topology, std::span<const Hop> path);

template <typename Visit>
void Routes::follow(NodeId from, NodeId to, Visit visit) const {
  SOLITON_CHECK(from != to && index(from) < topology_.nodes && index(to) < topology_.nodes);
  const FlowKey key = flow(from, to);
  std::size_t hops = 0;
  for (std::uint32_t at = index(from); at != index(to);) {
    const std::optional<Hop> hop = next_hops_->next_hop(at, to, key);
    if (!hop && hops == 0) return;
    SOLITON_CHECK_MSG(hop && ++hops <= topology_.vertices.size(),
                      "the way from {} to {} ends at {}", topology_.vertices[index(from)].name,
                      topology_.vertices[index(to)].name, topology_.vertices[at].name);
    visit(*hop);
    at = far_end(topology_.links[hop->link], hop->direction);
  }
}

}  // namespace soliton
