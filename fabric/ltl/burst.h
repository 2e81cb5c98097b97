// LTL for a driver that counts nanoseconds: the same connections and messages as those of Ltl, by
// calls that own nothing and, once the pools have grown to their working set, allocate nothing.
//
//   LtlBurst burst(ltl);
//   for (packet : arrived) burst.on_packet({peer, false, false, bytes}, now);  // where it lies
//   while (auto message = burst.next_message()) ...                            // a view of it
//   // the packets may go now, or earlier after burst.keep_messages()
//   if (auto packet = burst.send_now(connection, {head, body}, room, now)) ... // at once, or
//   burst.send(connection, {head, body}, now);                                 // in its turn
//   while (auto packets = burst.write(room, packets_max, now)) ...             // where they leave
//
// Both sets of calls may be mixed: on_packet() is on_input(), write() is poll_output(), and what is
// put off here is done before Ltl looks.
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

// A message that has arrived. Its bytes stay until the next message is taken or, if keep_messages()
// was not called, until its packet goes.
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

// Packets to one peer, one behind the other, all of `segment` bytes but the last, which may be
// shorter: what segmentation offload takes.
struct PacketBurst {
  NodeId destination{};
  std::uint32_t packets = 0;
  std::size_t segment = 0;
  std::size_t size = 0;
};

class LtlBurst {
 public:
  // Views `ltl`, which outlives it. Any number may view one.
  explicit LtlBurst(Ltl& ltl) : x_(*ltl.x_) {}

  // As Ltl::send(), but copies the message: one of at most a packet into the packet store, a larger
  // one into memory of its own. Also kWouldBlock if the store is full.
  Status send(ConnectionId connection, MessageParts message, Instant now);
  // Builds a message that may leave at once, in a packet of its own, in `room`. Returns nullopt,
  // with no effect, if something is to be sent before it or it does not fit a packet; call send().
  // REQUIRES: room.size() >= packet_bytes_max(), and the packet stays as it is until catch_up().
  std::optional<PacketBurst> send_now(ConnectionId connection, MessageParts message,
                                      std::span<std::byte> room, Instant now);
  // The packet's bytes stay until next_message() has returned nothing, or keep_messages().
  void on_packet(const PacketView& packet, Instant now);
  std::optional<MessageView> next_message();
  // Copies what has not been taken yet, so that the packets may go.
  void keep_messages();
  // As many packets of one size to one peer as are due, up to `packets_max`, in the order of
  // Ltl::poll_output(). Drain until empty after every other call. REQUIRES: room as send_now(); no
  // ghost bytes.
  std::optional<PacketBurst> write(std::span<std::byte> room, std::uint32_t packets_max,
                                   Instant now);
  // Does what send_now() and on_packet() have put off so that nobody waits for it. For a driver
  // that has a moment, as after it has handed a packet on; every other call does it first.
  void catch_up();
  // No packet has more real bytes.
  std::size_t packet_bytes_max() const;

 private:
  Ltl::Impl& x_;
};

}  // namespace soliton
