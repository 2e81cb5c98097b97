// The flows of a network in message mode: all that one node sends to another. A flow is made when it
// is first used, finds its way once, and keeps the messages that are not on a line yet.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "protocol/base/payload.h"
#include "protocol/base/time.h"
#include "protocol/base/types.h"
#include "topologies/routes.h"

namespace soliton {

inline constexpr std::uint32_t kNoIndex = UINT32_MAX;

// What every message touches lies together.
struct alignas(64) Flow {
  NodeId from{};
  NodeId to{};
  // The way.
  std::uint32_t card = 0;  // its first port
  std::uint32_t path = 0;
  std::uint32_t hops = 0;
  std::uint32_t back = kNoIndex;   // the flow of the other direction
  std::uint32_t first = kNoIndex;  // messages that are not on the line as a whole, in order
  std::uint32_t last = kNoIndex;
  std::uint32_t under_way = 0;       // packets
  std::uint32_t unacknowledged = 0;  // packets, at the receiver
  Instant ack_at = kNever;           // when the receiver acknowledges by itself
  Instant arrived{};                 // the last message
  std::uint64_t packets = 0;         // sent
  std::uint64_t bytes = 0;           // of LTL, in these
  std::uint64_t messages = 0;        // sent
  std::uint64_t delivered = 0;
  std::uint64_t acknowledgements = 0;  // sent with the flow, of the other direction's packets
  bool heard = false;                  // a message has arrived
  bool ack_queued = false;             // an event asks whether an acknowledgement is due
  bool queued = false;                 // it has its turn at the card
};
static_assert(sizeof(Flow) == 128);

// What only a flow whose messages have to wait needs.
struct FlowQueue {
  std::uint64_t sent = 0;     // bytes of the first message that are on the line
  std::uint64_t unsent = 0;   // bytes of all, with what LTL charges for each
  std::uint64_t refused = 0;  // of these, what LTL would have refused; 0: its sender is not blocked
  std::uint32_t next = kNoIndex;  // flow behind it that waits for the same card
  std::uint32_t most = 0;         // packets that may be under way; 0: not computed yet
  // With `most`: packets that the way holds, those that it brings while an acknowledgement comes back
  // on an idle network, and the time that this takes.
  std::uint32_t held = 0;
  std::uint32_t answered = 0;
  Duration answer{};
  std::uint64_t windows = 0;  // messages with which it had more than a window
  std::uint64_t waits = 0;    // times it had to wait for acknowledgements
};

class Flows {
 public:
  // The references outlive the object.
  Flows(const Topology& topology, const Routes& routes);

  // Makes the flow if there is none. REQUIRES: there is a path.
  std::uint32_t find(NodeId from, NodeId to) {
    Recent& recent = recent_[index(from)];
    if (recent.to != to || recent.flow == kNoIndex) recent = {to, look_up(from, to)};
    return recent.flow;
  }
  // The flow of the other direction, made if there is none.
  std::uint32_t back_of(std::uint32_t flow) {
    if (flows_[flow].back == kNoIndex) join(flow);
    return flows_[flow].back;
  }
  Flow& operator[](std::uint32_t flow) { return flows_[flow]; }
  const Flow& operator[](std::uint32_t flow) const { return flows_[flow]; }
  std::size_t size() const { return flows_.size(); }
  FlowQueue& queue(std::uint32_t flow) { return queues_[flow]; }
  const FlowQueue& queue(std::uint32_t flow) const { return queues_[flow]; }
  // Ports on its way. Valid until a flow is made.
  std::span<const std::uint32_t> path(const Flow& flow) const {
    return {paths_.data() + flow.path, flow.hops};
  }
  std::uint32_t port(std::uint32_t way) const { return paths_[way]; }
  // The way of the flow from `vertex` on, as it is at `at`: where it begins among all, and its hops.
  std::pair<std::uint32_t, std::uint32_t> way_from(std::uint32_t vertex, const Flow& flow,
                                                   Instant at);
  // Ways have changed.
  void renew(Instant at);
  std::vector<Hop> hops(const Flow& flow) const;

 private:
  struct Recent {
    NodeId to{};
    std::uint32_t flow = kNoIndex;
  };
  // By a hash of both nodes; open addressing, so that a look-up touches one line of memory.
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t flow = kNoIndex;
  };

  std::uint32_t look_up(NodeId from, NodeId to);
  std::uint32_t make(NodeId from, NodeId to);
  Slot& slot(std::uint64_t key);
  void grow();
  void join(std::uint32_t flow);

  const Topology& topology_;
  const Routes& routes_;
  Instant changed_{};
  std::vector<Flow> flows_;
  std::vector<FlowQueue> queues_;  // by flow
  std::vector<std::uint32_t> paths_;
  std::vector<Recent> recent_;  // by sender
  std::vector<Slot> slots_;     // a power of two
};

}  // namespace soliton
