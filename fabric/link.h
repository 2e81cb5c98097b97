// The one interface between a node and whatever carries its packets: a simulated network, a UDP
// socket, a ring, or any of these wrapped in a fault interceptor.
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/base/payload.h"
#include "protocol/base/time.h"
#include "protocol/base/types.h"

namespace soliton {

// What LTL emits and takes; what a carrier moves. `payload` is the LTL packet: header bytes, then
// fragment.
struct Datagram {
  NodeId source{};
  NodeId destination{};
  std::uint8_t traffic_class = 0;
  bool congestion_seen = false;  // ECN CE
  bool damaged = false;  // corruption of bytes that are ghosts (real bytes are really flipped)
  Payload payload;
};

// A datagram on its way in virtual time. `at` is its departure from the source or its arrival at
// the destination; (at, source, ordinal) orders all frames, and `ordinal` counts the frames of one
// source.
struct Frame {
  Datagram datagram;
  Instant at{};
  std::uint64_t ordinal = 0;
};

// A resource, not a value: a link is owned by its driver and passed by reference. One thread.
class Link {
 public:
  virtual ~Link() = default;
  // Hands a datagram over. The link may drop it without notice: LTL provides reliability.
  virtual void send(Datagram datagram, Instant now) = 0;
  // The next datagram that has arrived by `now`; nullopt if there is none.
  virtual std::optional<Datagram> receive(Instant now) = 0;
  // When send() or receive() must be called again even if nothing arrives (because a fault rule
  // holds a datagram back); kNever if no such instant is known.
  virtual Instant next_wake() const = 0;
};

}  // namespace soliton
