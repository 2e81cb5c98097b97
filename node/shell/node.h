// One node of the cluster: its LTL and its role behind the four verbs. It owns no clock, socket,
// thread or logger, so the same object runs packed in one process with others, in a process of its
// own under virtual time, and over real sockets.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fabric/ltl/burst.h"
#include "fabric/machine.h"
#include "node/deployment/deployment.h"
#include "node/service/role.h"
#include "protocol/base/trace.h"

namespace soliton {

// A peer that a node can no longer reach, because their connection has ended.
struct LostPeer {
  enum class How : std::uint8_t {
    kDead,      // it answered none of `detail` PINGs
    kRefused,   // it refused the connection, for the ResetReason `detail`
    kClosed,    // it closed the connection
    kRestarted  // it came back as another incarnation; messages in flight to it are lost
  } how = How::kDead;
  NodeId peer{};
  Instant at{};
  std::uint32_t detail = 0;
  Duration silence{};  // kDead: since it was last heard, or since it was last expected to answer
  bool operator==(const LostPeer&) const = default;
};

class Node : public Machine {
 public:
  // `deployment` outlives the node.
  explicit Node(const Deployment& deployment);

  // Puts `wrap(role)` in the place of the role. REQUIRES: not started.
  template <typename Wrap>
  void wrap_role(Wrap&& wrap) {
    if (role_) role_ = wrap(std::move(role_));
  }
  // As Ltl::share().
  void share(std::shared_ptr<PacketMemory> memory) { ltl_.share(std::move(memory)); }
  void start(Instant at);  // starts a role that acts by itself
  void on_input(Datagram datagram, Instant now) override;
  std::optional<Datagram> poll_output(Instant now) override;
  // As on_input() and poll_output(), for a carrier that counts nanoseconds: packets are read and
  // built in the carrier's own memory (LtlBurst). A message that may leave at once is written by
  // its role straight into the packet, which stays valid until the next call.
  void on_packet(const PacketView& packet, Instant now);
  std::optional<PacketBurst> write_burst(std::span<std::byte> room, std::uint32_t packets_max,
                                         Instant now);
  // Does the work that write_burst() postponed (LtlBurst::catch_up()).
  void catch_up() { burst_.catch_up(); }
  Instant next_deadline() const override;
  void on_deadline(Instant now) override;
  // When the run ends because a peer is dead: nothing replaces a peer.
  RunEnd run_end() const override;
  Instant ended() const override;
  void hot_memory(std::vector<std::span<const std::byte>>& out) const override;

  // Null if the node is idle.
  Role* role() { return role_.get(); }
  const Ltl& ltl() const { return ltl_; }
  TraceBuffer& trace() { return trace_; }
  std::vector<std::string> describe_outstanding(Instant now) const;
  // In order of time.
  const std::vector<LostPeer>& lost_peers() const { return lost_; }

 private:
  struct Peer {
    NodeId node{};
    ConnectionId connection{};
  };

  // Messages may take the memory of `packet` over (Ltl::poll_delivery()).
  void take_deliveries(std::vector<std::byte>& packet, Instant now);
  // Passes the role's messages to LTL. A message that was written directly into `room` ends the
  // loop and is returned.
  std::optional<PacketBurst> pump_role(std::span<std::byte> room, Instant now);
  void retry_backlog(Instant now);
  ConnectionId connection_to(NodeId peer) const;
  // Returns false, leaving the message as it was, if LTL has no room for it. Messages for a lost
  // peer are dropped.
  bool try_send(ConnectionId connection, Payload&& message, Instant now);
  void take_events();
  void lose(const LtlEvent& event, LostPeer::How how);

  void collect_ltl_trace();

  const Deployment& deployment_;
  TraceBuffer trace_;
  TraceBuffer ltl_trace_;
  Ltl ltl_;
  LtlBurst burst_{ltl_};
  std::unique_ptr<Role> role_;
  std::vector<Peer> connections_;  // by node
  // Messages that LTL had no room for; only connections that have some.
  std::map<ConnectionId, std::deque<Payload>> backlog_;
  std::vector<LostPeer> lost_;
};

}  // namespace soliton
