// The short way of a packet: a message that is whole in it, in order, on a connection that owes
// nothing else. Nearly all packets are such, and each of the questions the general way asks costs
// more than the work that is left; so they are asked once, when something changes, and the answer
// is kept (ExpressLane). A packet that is not such takes the general way, which alone knows what is
// wrong with it: express.cc changes nothing before it has seen that all is right.
//
// What the peer or the application does not wait for is put off (ExpressDebts): acknowledging our
// own packets, timers, the record for a resend. It is done when the driver has a moment
// (Ltl::catch_up()), and before anything but the short way looks at the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "protocol/base/time.h"
#include "protocol/wire/ltl_header.h"

namespace soliton {

// Of one connection.
struct ExpressLane {
  // The first word of such a packet's header, its length left out: as we send it, and as it comes.
  std::uint64_t head_out = 0;
  std::uint64_t head_in = 0;
  std::uint64_t channel_word = 0;  // the channel, where the last word of the header has it
  // Open, confirmed, at no limited rate; nothing lost, held, or half put together.
  bool clear = false;
  // Clear, nothing waits before it, and the window is open.
  bool ready = false;

  static constexpr std::uint64_t kWhole =
      std::uint64_t{kLtlVersion} << 60 | static_cast<std::uint64_t>(PacketKind::kData) << 56 |
      std::uint64_t{packet_flag::kFirst | packet_flag::kLast} << 48;
  static constexpr std::uint64_t kChannelBits = 0xffff'0000'0000;  // and the zero byte

  // After the cookie or a row has changed.
  void address(std::uint16_t row, std::uint16_t remote_row, std::uint16_t cookie,
               std::uint8_t channel) {
    head_out = kWhole | std::uint64_t{remote_row} << 32 | std::uint64_t{cookie} << 16;
    head_in = kWhole | std::uint64_t{row} << 32 | std::uint64_t{cookie} << 16;
    channel_word = std::uint64_t{channel} << 40;
  }
};

// What one packet in, and then one packet out, of one connection have left to be done.
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
    std::span<const std::byte> bytes;  // where it left from; copied for a resend
    Instant at{};
    Instant leaves{};  // the own port
  };
  std::uint32_t row = kNoRow;  // none: nothing is put off
  bool has_received = false;
  bool has_sent = false;
  Received received;
  Sent sent;
};

}  // namespace soliton
