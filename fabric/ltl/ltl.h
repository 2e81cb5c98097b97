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
//
// A carrier that cares for nanoseconds uses the calls that own nothing and, once the pools have
// grown to their working set, allocate nothing:
//
//   if (auto packet = ltl.send_now(connection, {head, body}, slot, now)) ...    // at once
//   ltl.send_copy(connection, {head, body}, now);                    // or when its turn comes
//   while (auto packet = ltl.write_packet(slot, now)) ...         // built where it leaves from
//   ltl.on_packet({peer, false, false, bytes}, now);              // read where it lies
//   while (auto message = ltl.next_message()) ...                 // a view of it
//   // `bytes` may go now; or earlier, after ltl.keep_messages()
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fabric/link.h"
#include "fabric/ltl/identity.h"
#include "fabric/ltl/options.h"
#include "protocol/base/histogram.h"
#include "protocol/base/quantity.h"
#include "protocol/base/result.h"
#include "protocol/base/trace.h"
#include "protocol/wire/handshake.h"
#include "protocol/wire/packet_security.h"

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

// A message to be sent: `head`, then `body`.
struct MessageParts {
  std::span<const std::byte> head;
  std::span<const std::byte> body;
};

// A message that has arrived; its bytes stay until the next call of next_message(),
// poll_delivery(), and of on_packet() if the packet is gone.
struct MessageView {
  ConnectionId connection{};
  std::span<const std::byte> bytes;
  std::uint64_t ghost = 0;
};

// A packet as its carrier holds it.
struct PacketView {
  NodeId source{};
  bool congestion_seen = false;  // as in Datagram
  bool damaged = false;
  std::span<const std::byte> bytes;
  std::uint64_t ghost = 0;
};

// A packet that was written: `size` real bytes.
struct PacketOut {
  NodeId destination{};
  std::size_t size = 0;
  std::uint64_t ghost = 0;
};

// Packets to one peer, one behind the other, all of `segment` bytes but the last, which may be
// shorter: what segmentation offload takes.
struct PacketBurst {
  NodeId destination{};
  std::size_t segment = 0;
  std::size_t size = 0;
  std::uint32_t packets = 0;
};

struct LtlStats {
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_delivered = 0;
  std::uint64_t packets_sent = 0;  // all kinds, resends included
  std::uint64_t bytes_sent = 0;    // LTL packets with their headers
  std::uint64_t retransmitted = 0;
  std::uint64_t needless = 0;  // of these: the earlier transmission had arrived
  std::uint64_t timeouts = 0;
  std::uint64_t tail_probes = 0;
  // Times a packet was ready and the window was full, on a path that is known to take more.
  std::uint64_t window_waits = 0;
  std::uint64_t nacks_sent = 0;
  std::uint64_t duplicates_received = 0;
  std::uint64_t dropped_malformed = 0;
  std::uint64_t dropped_checksum = 0;
  std::uint64_t dropped_stale = 0;
  std::uint64_t dropped_no_room = 0;      // behind a gap, and the store was full
  std::uint64_t dropped_unauthentic = 0;  // wrong tag, or no proof of the key
  std::uint64_t dropped_replayed = 0;
  std::uint64_t connections_opened = 0;
  std::uint64_t peers_suspected = 0;
  std::uint64_t peers_dead = 0;
  std::uint64_t marks_received = 0;  // packets with a congestion mark
  std::uint64_t notifications_sent = 0;
  std::uint64_t notifications_received = 0;
  DurationHistogram rtt;
  void merge(const LtlStats& other);
};

class Ltl {
 public:
  // `connections[i]` is row i of this node's table; both ends of a connection have the same
  // options. `trace` may be null.
  Ltl(NodeId self, const LtlOptions& options, std::vector<LtlConnection> connections,
      TraceBuffer* trace = nullptr, const LtlIdentity& identity = {});
  ~Ltl();
  Ltl(const Ltl&) = delete;
  Ltl& operator=(const Ltl&) = delete;

  // Queues one message; with LtlOptions::handshake the first one opens the connection. Errors:
  // kInvalid above 1 GiB, kWouldBlock when queue_limit is reached, kBroken when the peer is dead or
  // has refused or closed the connection; then `message` is as it was. REQUIRES: `connection` is a
  // row of the table.
  Status send(ConnectionId connection, Payload&& message, Instant now);
  // Copies it into the packet store; allocates for itself when it is larger than a packet. As
  // send(), and kWouldBlock when the store is full.
  Status send_copy(ConnectionId connection, MessageParts message, Instant now);
  // send_copy() and write_packet() in one, when nothing is to be sent before it and it may go at
  // once in a packet of its own. Nothing: it may not, and nothing was done; send_copy() it.
  // REQUIRES: room.size() >= packet_bytes_max(), and the packet stays as it is until catch_up().
  std::optional<PacketOut> send_now(ConnectionId connection, MessageParts message,
                                    std::span<std::byte> room, Instant now);
  // Does what send_now() and on_packet() have put off so that nobody waits for it. For a driver
  // that has a moment, as after handing the packet on; every other call does it first.
  void catch_up();
  // Copies nothing: the bytes stay as they are until messages_acknowledged() has passed the
  // message.
  Status send_borrowed(ConnectionId connection, std::span<const std::byte> message, Instant now);
  // With LtlOptions::handshake: opens a connection before there is a message for it.
  void open(ConnectionId connection, Instant now);
  // Tells the peer and forgets what is not acknowledged. Only a new incarnation opens it again.
  void close(ConnectionId connection, Instant now);
  bool is_open(ConnectionId connection) const;
  // How many of the messages sent on it have wholly arrived.
  std::uint64_t messages_acknowledged(ConnectionId connection) const;

  void on_input(const Datagram& datagram, Instant now);
  // The packet's bytes stay until next_message() has returned nothing, or keep_messages().
  void on_packet(const PacketView& packet, Instant now);
  void keep_messages();
  std::optional<LtlDelivery> poll_delivery();
  std::optional<MessageView> next_message();
  std::optional<LtlEvent> poll_event();
  // Whether there is one; does nothing that was put off.
  bool has_event() const;

  // Drain until empty after every other call. Order: acknowledgements and control, resends, new
  // data: channel 0, then channels by weighted round robin, connections in turn.
  std::optional<Datagram> poll_output(Instant now);
  // No packet has more real bytes.
  std::size_t packet_bytes_max() const;
  // REQUIRES: room.size() >= packet_bytes_max().
  std::optional<PacketOut> write_packet(std::span<std::byte> room, Instant now);
  // As many packets of one size to one peer as are due, up to `packets_max`. REQUIRES: as above; no
  // ghosts.
  std::optional<PacketBurst> write_burst(std::span<std::byte> room, std::uint32_t packets_max,
                                         Instant now);

  // kNever when nothing is outstanding.
  Instant next_deadline() const;
  void on_deadline(Instant now);

  // No packet unacknowledged, no message unsent.
  bool idle() const;
  // As things stand, no peer is declared dead before; and what this does not foresee comes at least
  // dead_notice() after the event that brings it about. kNever, and the longest time, without
  // LtlOptions::misses.
  Instant dead_at_least() const;
  Duration dead_notice() const;

  // For explanations of a stall: "3 packets from sequence 17 on unacknowledged by fpga2 for 12 ms".
  // `names` by NodeId; a node that has none there is called "node 2".
  std::vector<std::string> describe_outstanding(Instant now,
                                                std::span<const std::string> names = {}) const;
  const LtlStats& stats() const;

 private:
  struct Impl;
  // With everything done that was put off (express.h).
  Impl& impl() const;
  std::unique_ptr<Impl> x_;
};

}  // namespace soliton
