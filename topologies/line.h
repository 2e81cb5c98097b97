// How one packet crosses one line and one switch: shared by transfer_time() and the simulated
// network, so that what the partitioner predicts for an idle network is what the network charges.
//
//   tail handed over --queue--> start --latency--> head arrives --transmit time--> tail arrives
#pragma once

#include <algorithm>

#include "topologies/topology.h"

namespace soliton {

// A packet in front of an output port. `tail`: when its last byte is there; the first is there at
// `ready`.
struct AtPort {
  Instant ready{};
  Instant tail{};
};

// A packet on a line, as seen at the far end.
struct OnLine {
  Instant start{};  // first bit leaves the near end
  Instant head{};
  Instant tail{};
};

inline Duration line_time(const TopologyLink& link, Bytes packet) {
  return transmit_time(packet + Bytes{kFrameOverheadBytes}, link.rate);
}

// Whole bytes that a line carries in `span`.
inline Bytes transmitted(Duration span, BitRate rate) {
  // Most spans, without the slow division of 128 bits.
  std::int64_t product = 0;
  if (!__builtin_mul_overflow(span.count(), rate.bits_per_second, &product))
    return {product / (8 * std::int64_t{1'000'000'000'000})};
  return {static_cast<std::int64_t>(static_cast<__int128>(span.count()) * rate.bits_per_second /
                                    (8 * __int128{1'000'000'000'000}))};
}

// `free` is when the port has sent all earlier packets. On a faster line behind a slower one the
// packet starts late enough that the line does not run dry.
inline OnLine cross_line(AtPort packet, Instant free, Duration line, Duration latency) {
  const Instant start = std::max({packet.ready, free, packet.tail - line});
  const Instant head = later(start, latency);
  return {start, head, later(head, line)};
}

inline AtPort cross_switch(const Vertex& vertex, const OnLine& in) {
  const Instant tail = later(in.tail, vertex.forwarding);
  return {vertex.store_and_forward ? tail : later(in.head, vertex.forwarding), tail};
}

inline std::uint32_t far_end(const TopologyLink& link, std::uint8_t direction) {
  return link.ends[1 - direction];
}

}  // namespace soliton
