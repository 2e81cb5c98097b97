#include "fabric/ltl/packed.h"

#include <cstring>

namespace soliton {
namespace {

constexpr std::uint32_t kHasGhosts = 0x8000;
constexpr std::uint32_t kHasReal = 0x4000;  // beside ghosts

bool mixed(const StoredMessage& message) { return message.ghost > 0 && !message.real.empty(); }

std::byte* put_16(std::byte* out, std::uint64_t value) {
  out[0] = static_cast<std::byte>(value >> 8);
  out[1] = static_cast<std::byte>(value);
  return out + 2;
}

}  // namespace

std::uint64_t packed_real_bytes(const StoredMessage* first, std::uint16_t messages) {
  std::uint64_t bytes = 0;
  for (; messages > 0; --messages, first = first->next)
    bytes += kPackedPrefix + first->real.size() + (mixed(*first) ? 2 : 0);
  return bytes;
}

void write_packed(const StoredMessage* first, std::uint16_t messages, std::byte* out) {
  for (; messages > 0; --messages, first = first->next) {
    const std::uint32_t marks = first->ghost == 0 ? 0
                                : mixed(*first)   ? kHasGhosts | kHasReal
                                                  : kHasGhosts;
    out = put_16(out, first->size() | marks);
    if (mixed(*first)) out = put_16(out, first->real.size());
    if (first->real.empty()) continue;
    std::memcpy(out, first->real.data(), first->real.size());
    out += first->real.size();
  }
}

std::optional<std::uint32_t> PackedReader::word() {
  if (real_.size() < 2) return std::nullopt;
  const auto value =
      std::to_integer<std::uint32_t>(real_[0]) << 8 | std::to_integer<std::uint32_t>(real_[1]);
  real_ = real_.subspan(2);
  return value;
}

std::optional<PackedReader::Message> PackedReader::fail() {
  good_ = false;
  return std::nullopt;
}

std::optional<PackedReader::Message> PackedReader::next() {
  if (real_.empty()) return ghost_ == 0 ? std::nullopt : fail();
  const auto prefix = word();
  if (!prefix) return fail();
  const std::uint32_t size = *prefix & kPackedMessageMax;
  std::uint32_t real = size;
  std::uint32_t taken = 0;  // ghosts that the packet holds of it
  if ((*prefix & kHasGhosts) != 0) {
    const auto split = (*prefix & kHasReal) != 0 ? word() : 0;
    if (!split || *split > size) return fail();
    real = *split;
    taken = size - real;
    if ((*prefix & kHasReal) != 0) {
      // The second word of the prefix stands for two ghosts (packed.h).
      if (taken < 2) return fail();
      taken -= 2;
    }
  } else if ((*prefix & kHasReal) != 0) {
    return fail();
  }
  if (real > real_.size() || taken > ghost_) return fail();
  const Message out{real_.first(real), size - real};
  real_ = real_.subspan(real);
  ghost_ -= taken;
  return out;
}

}  // namespace soliton
