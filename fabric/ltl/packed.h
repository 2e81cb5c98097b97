// Several messages in one packet: each behind its 16-bit length, of which 14 bits are the length.
//
// Only in emulated time may bytes be ghosts. A message that is all ghosts sets bit 15. One with
// real bytes and ghosts sets both upper bits; the number of its real bytes follows in 16 more bits,
// which stand for two of its ghosts, so that sizes, and with them all times, are those of real
// bytes. Ghosts of all messages lie at the end of the packet.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "fabric/ltl/stores.h"

namespace soliton {

inline constexpr std::uint32_t kPackedPrefix = 2;  // bytes
inline constexpr std::uint64_t kPackedMessageMax = 0x3fff;

inline bool packable(const StoredMessage& message) {
  return message.size() <= kPackedMessageMax && (message.ghost != 1 || message.real.empty());
}

// Real bytes of a packet with `length` bytes of the message from `offset` on. Those of a message come
// first, its ghosts, which only have a size, behind them.
inline std::uint64_t real_part(const StoredMessage& message, std::uint64_t offset,
                               std::uint32_t length) {
  const std::uint64_t all = message.real.size();
  return std::min<std::uint64_t>(length, all - std::min(offset, all));
}
// Real bytes that the `messages` messages starting at `first` take in a packet.
std::uint64_t packed_real_bytes(const StoredMessage* first, std::uint16_t messages);
// Writes these messages. REQUIRES: `out` has room for packed_real_bytes().
void write_packed(const StoredMessage* first, std::uint16_t messages, std::byte* out);

// Reads the messages of a packed payload.
class PackedReader {
 public:
  struct Message {
    std::span<const std::byte> real;
    std::uint64_t ghost = 0;
  };
  PackedReader(std::span<const std::byte> real, std::uint64_t ghost) : real_(real), ghost_(ghost) {}

  // The next message; nullopt at the end, or if the rest is malformed: then good() is false.
  std::optional<Message> next();
  bool good() const { return good_; }

 private:
  std::optional<std::uint32_t> word();
  std::optional<Message> fail();

  std::span<const std::byte> real_;
  std::uint64_t ghost_;
  bool good_ = true;
};

}  // namespace soliton
