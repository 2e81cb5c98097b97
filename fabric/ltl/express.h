// The fast path for a packet that holds one whole message, in order, on a connection with nothing
// else to do. Nearly all packets are of this kind, and the checks of the general path cost more
// than the remaining work. So they are made once, when something changes, and their result is kept
// (ExpressLane). Every other packet takes the general path, which alone handles errors: express.cc
// changes no state before it has seen that a packet qualifies.
//
// Work that neither the peer nor the application waits for is put off (ExpressDebts): acknowledging
// our own packets, timers, the copy for a resend. It is done when the driver is idle
// (LtlBurst::catch_up()), and before anything but the fast path looks at the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "protocol/base/time.h"
#include "protocol/wire/ltl_header.h"

namespace soliton {

// What the fast path knows of one connection.
struct ExpressLane {
  // The first word of the header of such a packet without its length: as we send it, and as we
  // receive it.
  std::uint64_t head_out = 0;
  std::uint64_t head_in = 0;
  std::uint64_t channel_word = 0;  // the channel, at its place in the last word of the header
  // Open, confirmed and not rate-limited, with no packet lost or held and no message incomplete.
  bool clear = false;
  // Clear, with no message waiting and room in the window.
  bool ready = false;

  static constexpr std::uint64_t kWhole =
      std::uint64_t{kLtlVersion} << 60 | static_cast<std::uint64_t>(PacketKind::kData) << 56 |
      std::uint64_t{packet_flag::kFirst | packet_flag::kLast} << 48;
  static constexpr std::uint64_t kChannelBits = 0xffff'0000'0000;  // and the zero byte

  // Must be called after the cookie or a row has changed.
  void address(std::uint16_t row, std::uint16_t remote_row, std::uint16_t cookie,
               std::uint8_t channel) {
    head_out = kWhole | std::uint64_t{remote_row} << 32 | std::uint64_t{cookie} << 16;
    head_in = kWhole | std::uint64_t{row} << 32 | std::uint64_t{cookie} << 16;
    channel_word = std::uint64_t{channel} << 40;
  }
};

// Bookkeeping still to be done for one packet received and one packet sent after it, on one
// connection.
struct ExpressDebts {
  static constexpr std::uint32_t kNoRow = UINT32_MAX;
  struct Received {
    Sequence sequence = 0;
    Sequence ack = 0;
    std::uint32_t time_ns = 0;
    std::uint32_t length = 0;
    Instant at{};
  };
  struct Sent {
    std::span<const std::byte> bytes;  // where it was built; still to be copied for a resend
    Instant at{};
    Instant leaves{};  // when it leaves the own port
  };
  std::uint32_t row = kNoRow;  // kNoRow: nothing is put off
  bool has_received = false;
  bool has_sent = false;
  Received received;
  Sent sent;
};

}  // namespace soliton
