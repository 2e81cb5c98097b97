// The one seam between a node and whatever carries its packets: a simulated network, a UDP socket,
// a ring, or any of these wrapped by fault interceptors.
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

// Resources, not values: links are owned by their driver and reached by reference. One thread.
class Link {
 public:
  virtual ~Link() = default;
  // Hands a datagram over. It may be dropped; reliability is LTL's work.
  virtual void send(Datagram datagram, Instant now) = 0;
  // The next datagram that has arrived by `now`, or nothing.
  virtual std::optional<Datagram> receive(Instant now) = 0;
  // When to call send()/receive() again though nothing arrives (a datagram held back by a fault
  // rule), or kNever.
  virtual Instant next_wake() const = 0;
};

}  // namespace soliton
