// Control messages between nodes, on channel 0 of LTL: who a node is, how it is, what it counted,
// what went wrong. Cap'n Proto on the wire (peer.capnp), values here.
//
// Whatever comes from a peer is bounded before it is used: bytes, segments, depth, what may be
// traversed, and the length of every text. What cannot be read is a value, never an exception.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace soliton {

inline constexpr std::size_t kPeerMessageBytesMax = 64 << 10;
inline constexpr std::size_t kPeerSegmentsMax = 4;
inline constexpr std::size_t kPeerTextMax = 4'096;

struct PeerHello {
  std::string node;
  std::string device;
  std::uint32_t epoch = 0;
  std::uint16_t protocol_min = 1;
  std::uint16_t protocol_max = 1;
  std::uint64_t capabilities = 0;
  std::uint64_t image_hash = 0;
  std::uint8_t channels = 1;
  bool operator==(const PeerHello&) const = default;
};

struct PeerHealth {
  Instant at{};
  std::uint64_t progress = 0;
  std::uint64_t queued_bytes = 0;
  std::uint16_t busy_permille = 0;
  bool operator==(const PeerHealth&) const = default;
};

struct PeerStatistics {
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_delivered = 0;
  std::uint64_t packets_sent = 0;
  std::uint64_t retransmitted = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t dropped = 0;
  Duration rtt_mean{};
  bool operator==(const PeerStatistics&) const = default;
};

struct PeerError {
  std::uint16_t code = 0;
  std::string message;
  bool operator==(const PeerError&) const = default;
};

using PeerMessage = std::variant<PeerHello, PeerHealth, PeerStatistics, PeerError>;

// Texts above kPeerTextMax are cut.
std::vector<std::byte> encode_peer_message(const PeerMessage& message);
// kInvalid, and why.
Result<PeerMessage> decode_peer_message(std::span<const std::byte> bytes);

// The highest version that both speak; kInvalid when there is none.
Result<std::uint16_t> common_protocol(const PeerHello& a, const PeerHello& b);

}  // namespace soliton
