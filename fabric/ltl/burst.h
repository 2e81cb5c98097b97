// LTL for a driver that counts nanoseconds: the connections and messages of an Ltl, through calls
// that take no ownership and, once the pools have grown to their working set, do not allocate.
//
//   LtlBurst burst(ltl);
//   for (packet : arrived) burst.on_packet({peer, false, false, bytes}, now);  // where it lies
//   while (auto message = burst.next_message()) ...                            // a view of it
//   // the packets may go now, or earlier after burst.keep_messages()
//   if (auto packet = burst.send_now(connection, {head, body}, room, now)) ... // at once, or
//   burst.send(connection, {head, body}, now);                                 // in its turn
//   while (auto packets = burst.write(room, packets_max, now)) ...             // where they leave
//
// Both sets of calls may be mixed: on_packet() corresponds to on_input() and write() to
// poll_output(). Work that is put off here is done before Ltl looks at its state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "fabric/ltl/ltl.h"

namespace soliton {

// A message to be sent: `head`, then `body`.
struct MessageParts {
  std::span<const std::byte> head;
  std::span<const std::byte> body;
};

// A message that has arrived. Its bytes are valid until the next message is taken or, unless
// keep_messages() was called, until the carrier reuses the packet.
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

// Packets to one peer, back to back, each of `segment` bytes except the last, which may be shorter:
// the shape that segmentation offload takes.
struct PacketBurst {
  NodeId destination{};
  std::uint32_t packets = 0;
  std::size_t segment = 0;
  std::size_t size = 0;
};

class LtlBurst {
 public:
  // Refers to `ltl`, which must outlive it. Any number of LtlBurst objects may refer to one Ltl.
  explicit LtlBurst(Ltl& ltl) : x_(*ltl.x_) {}

  // Like Ltl::send(), but copies the message: into the packet store if it fits into one packet,
  // otherwise into memory of its own. Returns kWouldBlock also if the store is full.
  Status send(ConnectionId connection, MessageParts message, Instant now);
  // Builds a message that may leave at once, in a packet of its own, in `room`. Returns nullopt,
  // with no effect, if something is to be sent before it or it does not fit a packet; call send().
  // REQUIRES: room.size() >= packet_bytes_max(), and the packet stays as it is until catch_up().
  std::optional<PacketBurst> send_now(ConnectionId connection, MessageParts message,
                                      std::span<std::byte> room, Instant now);
  // REQUIRES: the packet's bytes stay valid until next_message() has returned nullopt, or until
  // keep_messages().
  void on_packet(const PacketView& packet, Instant now);
  std::optional<MessageView> next_message();
  // Copies the messages that have not been taken yet, so that the carrier may reuse their packets.
  void keep_messages();
  // Writes as many packets of one size to one peer as are due, at most `packets_max`, in the order
  // of Ltl::poll_output(). Call it after every other call until it returns nullopt. REQUIRES:
  // `room` as for send_now(); no ghost bytes.
  std::optional<PacketBurst> write(std::span<std::byte> room, std::uint32_t packets_max,
                                   Instant now);
  // Does the bookkeeping that send_now() and on_packet() have put off to keep their latency low.
  // Call it when nobody waits, for example after a packet was handed on; every other call does it
  // first.
  void catch_up();
  // Upper bound of the real bytes of any packet.
  std::size_t packet_bytes_max() const;

 private:
  Ltl::Impl& x_;
};

}  // namespace soliton
