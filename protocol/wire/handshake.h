// What OPEN, OPENED and RESET carry (docs/wire-format.md): fixed layouts, each ending in a proof of
// the run's key over everything before it and the header, but for its length and checksum.
//
// These packets have no security block; nothing else is looked at, and nothing answered, before the
// proof has been checked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "protocol/base/types.h"
#include "protocol/wire/ltl_header.h"
#include "protocol/wire/packet_security.h"

namespace soliton {

inline constexpr std::uint16_t kLtlProtocol = 1;  // of the handshake and all rules behind it
inline constexpr std::size_t kProofSize = 16;

enum class ResetReason : std::uint16_t {
  kVersion = 1,     // another protocol version
  kImage = 2,       // the peers run different images
  kParameters = 3,  // MTU, window, recovery or authentication differ
  kClosed = 4,      // the application closed the connection
};
std::string_view reset_reason_name(ResetReason reason);

// Of OPEN and OPENED.
struct OpenBody {
  static constexpr std::size_t kSize = 88;

  std::uint64_t run_id = 0;
  NodeId node{};                 // who speaks
  NodeId peer{};                 // to whom
  std::uint32_t epoch = 0;       // incarnation of `node`, from 1
  std::uint32_t peer_epoch = 0;  // OPENED: of the OPEN that it answers; OPEN: 0
  std::uint64_t image_hash = 0;
  std::uint64_t nonce = 0;       // of `node`, used once in a run
  std::uint64_t peer_nonce = 0;  // OPENED: of the OPEN that it answers; OPEN: 0
  std::uint32_t mtu = 0;
  std::uint16_t window = 0;
  std::uint16_t protocol = kLtlProtocol;
  std::uint32_t credit = 0;  // in kLtlCreditUnit
  std::uint16_t row = 0;     // of this connection in the table of `node`
  AuthMode auth = AuthMode::kNone;
  std::uint8_t recovery = 0;
  std::uint32_t capabilities = 0;  // bits that this version does not know are passed over
  std::uint32_t first_sequence = 0;

  bool operator==(const OpenBody&) const = default;
};

struct ResetBody {
  static constexpr std::size_t kSize = 48;

  std::uint64_t run_id = 0;
  std::uint64_t peer_nonce = 0;  // of the OPEN that is refused
  NodeId node{};
  std::uint32_t epoch = 0;
  ResetReason reason = ResetReason::kVersion;

  bool operator==(const ResetBody&) const = default;
};

void encode(const OpenBody& body, const LtlHeader& header, const Key& key,
            std::span<std::byte, OpenBody::kSize> out);
void encode(const ResetBody& body, const LtlHeader& header, const Key& key,
            std::span<std::byte, ResetBody::kSize> out);

// Returns nullopt if the size or the proof is wrong, or a field that must be zero is not.
std::optional<OpenBody> decode_open(const LtlHeader& header, std::span<const std::byte> body,
                                    const Key& key);
std::optional<ResetBody> decode_reset(const LtlHeader& header, std::span<const std::byte> body,
                                      const Key& key);

}  // namespace soliton
