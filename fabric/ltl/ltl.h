// LTL, the lightweight transport layer: in-order exactly-once messages of any size over datagrams
// that may be lost.
//
// One Ltl object is one node's end of all its connections. It owns no clock, socket or thread: the
// driver passes `now`, feeds datagrams in and drains datagrams, deliveries and deadlines.
// Connections are static and come from the deployment.
//
//   ltl.send(connection, message, now);
//   while (auto datagram = ltl.poll_output(now)) link.send(*datagram, now);
//   ltl.on_input(datagram, now);
//   while (auto delivery = ltl.poll_delivery()) ...
//   if (ltl.next_deadline() <= now) ltl.on_deadline(now);
//
// A driver that counts nanoseconds uses LtlBurst (burst.h) for the same.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fabric/link.h"
#include "fabric/ltl/identity.h"
#include "fabric/ltl/options.h"
#include "fabric/ltl/stats.h"
#include "protocol/base/result.h"
#include "protocol/base/trace.h"

namespace soliton {

struct LtlEvent {
  enum class Kind : std::uint8_t {
    kOpened,     // detail: epoch of the peer
    kRestarted,  // opened by a new incarnation; what was in flight is gone. detail: its epoch
    kRefused,    // detail: ResetReason
    kClosed,     // by the peer
    kSuspect,    // detail: PINGs without answer
    kDead,       // detail: PINGs without answer
  } kind;
  ConnectionId connection{};
  Instant at{};
  std::uint32_t detail = 0;
  Duration silence{};  // kSuspect, kDead: since the peer was last heard, or had something to answer
  bool operator==(const LtlEvent&) const = default;
};

struct LtlDelivery {
  ConnectionId connection{};
  Payload message;
};

class PacketMemory;

class Ltl {
 public:
  // `connections[i]` is row i of this node's table; both ends of a connection have the same
  // options. `trace` may be null.
  Ltl(NodeId self, const LtlOptions& options, std::vector<LtlConnection> connections,
      TraceBuffer* trace = nullptr, const LtlIdentity& identity = {});
  ~Ltl();
  Ltl(const Ltl&) = delete;
  Ltl& operator=(const Ltl&) = delete;

  // --- messages
  // Queues one message; with LtlOptions::handshake the first one opens the connection. Errors:
  // kInvalid above 1 GiB, kWouldBlock when queue_limit is reached, kBroken when the peer is dead or
  // has refused or closed the connection; then `message` is as it was. REQUIRES: `connection` is a
  // row of the table.
  Status send(ConnectionId connection, Payload&& message, Instant now);
  std::optional<LtlDelivery> poll_delivery();
  // The same, for a driver that has given `packet` to LtlBurst::on_packet() and needs it no more: a
  // message that lies whole in it takes its memory over.
  std::optional<LtlDelivery> poll_delivery(std::vector<std::byte>& packet);
  // How many of the messages sent on the connection the peer has acknowledged as a whole.
  std::uint64_t messages_acknowledged(ConnectionId connection) const;

  // --- the four verbs (fabric/machine.h)
  void on_input(const Datagram& datagram, Instant now);
  // Drain until empty after every other call. Order: acknowledgements and control, resends, new
  // data: channel 0, then channels by weighted round robin, connections in turn.
  std::optional<Datagram> poll_output(Instant now);
  // kNever when nothing is outstanding.
  Instant next_deadline() const;
  void on_deadline(Instant now);

  // --- memory
  // Takes memory for packets from there, and gives that of finished messages back. Nodes that share it
  // run on one thread.
  void share(std::shared_ptr<PacketMemory> memory);
  // Gives back the memory of a packet that has been taken in.
  void recycle(std::vector<std::byte>&& packet);
  // As Machine::hot_memory().
  void hot_memory(std::vector<std::span<const std::byte>>& out) const;

  // --- connections and peers
  // With LtlOptions::handshake: opens a connection before there is a message for it.
  void open(ConnectionId connection, Instant now);
  // Tells the peer and discards everything not yet acknowledged. Only a new incarnation of either
  // node can open the connection again.
  void close(ConnectionId connection, Instant now);
  bool is_open(ConnectionId connection) const;
  std::optional<LtlEvent> poll_event();
  // Whether poll_event() has one. Does none of the work that was put off.
  bool has_event() const;
  // As things stand, no peer is declared dead before dead_at_least(). A death that this does not
  // foresee comes at least dead_notice() after the event that causes it. Without LtlOptions::misses
  // they are kNever and the longest time.
  Instant dead_at_least() const;
  Duration dead_notice() const;

  // --- state and counters
  // Whether every packet is acknowledged and every message sent.
  bool idle() const;
  // For explanations of a stall: "3 packets from sequence 17 on unacknowledged by fpga2 for 12 ms".
  // `names` by NodeId; a node that has none there is called "node 2".
  std::vector<std::string> describe_outstanding(Instant now,
                                                std::span<const std::string> names = {}) const;
  const LtlStats& stats() const;

 private:
  friend class LtlBurst;
  struct Impl;
  // The implementation, after all work that was put off (express.h) has been done.
  Impl& impl() const;
  std::unique_ptr<Impl> x_;
};

}  // namespace soliton
