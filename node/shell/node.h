// One node of the cluster: its LTL and its role behind the four verbs. It owns no clock, socket,
// thread or logger, so the same object runs packed, in a process of its own under virtual time, and
// over real sockets.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fabric/carrier.h"
#include "fabric/ltl/ltl.h"
#include "fabric/machine.h"
#include "node/host/host_role.h"
#include "node/service/npu_service.h"
#include "node/traffic/traffic_role.h"

namespace soliton {

// What a node needs to know, as values; the controller makes one for each node.
struct Deployment {
  std::string node;
  NodeId id{};
  TimeBase time = TimeBase::kEmulated;
  std::uint32_t functional_every = 1;
  std::uint32_t trace_requests = 0;
  std::uint32_t trace_events = 0;  // limit of the trace buffer
  LtlOptions ltl;
  LtlIdentity identity;
  WallOptions wall;
  std::vector<LtlConnection> connections;
  // By NodeId. One table for all nodes of a run; never null.
  std::shared_ptr<const std::vector<std::string>> node_names =
      std::make_shared<const std::vector<std::string>>();
  std::optional<Shard> shard;
  std::optional<HostShard> host;
  // Host only.
  std::uint32_t clients = 1;
  std::uint32_t requests = 0;
  Duration think{};
  Arrivals arrivals = Arrivals::kClosed;
  Duration mean_gap{};
  std::uint32_t batch = 1;
  Duration batch_wait{};
  InputSource inputs;
  std::optional<Traffic> traffic;  // in place of shard and host
};

// A peer that a node can no longer reach: its connection is over.
struct LostPeer {
  enum class How : std::uint8_t {
    kDead,      // it answered none of `detail` PINGs
    kRefused,   // it refused the connection, for the ResetReason `detail`
    kClosed,    // it closed the connection
    kRestarted  // it came back as another incarnation, without what was under way to it
  } how = How::kDead;
  NodeId peer{};
  Instant at{};
  std::uint32_t detail = 0;
  Duration silence{};  // kDead: since it was last heard, or had something to answer
  bool operator==(const LostPeer&) const = default;
};

// Whom it has connections with, each once, in order of the table.
std::vector<NodeId> peers_of(const Deployment& deployment);

class Node : public Machine {
 public:
  // `deployment` outlives the node.
  explicit Node(const Deployment& deployment);

  void start(Instant at);  // clients and traffic begin; other nodes ignore it
  void on_input(Datagram datagram, Instant now) override;
  std::optional<Datagram> poll_output(Instant now) override;
  // As on_input() and poll_output() for a carrier that counts nanoseconds: the packet is read where
  // it lies, and packets are built where they leave from (Ltl::write_burst()). A message that may
  // go at once goes straight from its role into the packet, which stays as it is until the next
  // call.
  void on_packet(const PacketView& packet, Instant now);
  std::optional<PacketBurst> write_burst(std::span<std::byte> room, std::uint32_t packets_max,
                                         Instant now);
  // Does what write_burst() has put off (Ltl::catch_up()).
  void catch_up() { ltl_->catch_up(); }
  Instant next_deadline() const override;
  void on_deadline(Instant now) override;
  // A peer that is dead ends the run: nothing replaces it.
  RunEnd run_end() const override;

  HostRole* host() { return host_.get(); }
  NpuService* npu() { return npu_.get(); }
  TrafficRole* traffic() { return traffic_.get(); }
  const Ltl& ltl() const { return *ltl_; }
  TraceBuffer& trace() { return trace_; }
  std::vector<std::string> describe_outstanding(Instant now) const;
  // In order of time.
  const std::vector<LostPeer>& lost_peers() const { return lost_; }

 private:
  void take_deliveries(Instant now);
  // Hands the role's messages on. One that took the short way into `room` ends it and is returned.
  std::optional<PacketOut> pump_role(std::span<std::byte> room, Instant now);
  void retry_backlog(Instant now);
  // False: there is no room for it, and it is as it was. What is for a lost peer is dropped.
  bool try_send(ConnectionId connection, Payload&& message, Instant now);
  void take_events();
  void lose(const LtlEvent& event, LostPeer::How how);

  void collect_ltl_trace();

  const Deployment& deployment_;
  TraceBuffer trace_;
  TraceBuffer ltl_trace_;
  std::unique_ptr<Ltl> ltl_;
  std::unique_ptr<NpuService> npu_;
  std::unique_ptr<HostRole> host_;
  std::unique_ptr<TrafficRole> traffic_;
  Role* role_ = nullptr;
  std::map<NodeId, ConnectionId> connection_to_;
  std::map<ConnectionId, std::deque<Payload>> backlog_;  // messages LTL had no room for
  std::vector<LostPeer> lost_;
};

}  // namespace soliton
