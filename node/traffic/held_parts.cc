#include "node/traffic/held_parts.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {

HeldParts::Pieces::const_iterator HeldParts::at_or_after(std::uint32_t part) const {
  auto at = pieces_.upper_bound(part);
  if (at != pieces_.begin() && std::prev(at)->first + std::prev(at)->second.count > part) --at;
  return at;
}

Payload HeldParts::message(Parts parts, std::uint32_t to, std::uint32_t round) const {
  Payload out;
  const std::uint32_t end = parts.first + parts.count;
  for (std::uint32_t part = parts.first; part < end;) {
    const auto piece = at_or_after(part);
    const bool none = piece == pieces_.end() || piece->first > part;
    const std::uint32_t until = none ? std::min(end, piece == pieces_.end() ? end : piece->first)
                                     : std::min(end, piece->first + piece->second.count);
    const Parts run{part, until - part};
    if (none) {
      contents_.append_own(run, to, round, out);
    } else {
      const std::uint64_t offset = contents_.size({piece->first, part - piece->first});
      out.append(std::span<const std::byte>(piece->second.bytes.bytes)
                     .subspan(offset, contents_.size(run)));
    }
    part = until;
  }
  return out;
}

Payload HeldParts::release(Parts parts, std::uint32_t to, std::uint32_t round) {
  const auto piece = pieces_.find(parts.first);
  if (piece == pieces_.end() || piece->second.count != parts.count)
    return message(parts, to, round);
  Payload out = std::move(piece->second.bytes);
  pieces_.erase(piece);
  return out;
}

void HeldParts::add_to(Parts parts, std::uint32_t round, Payload& message) const {
  const auto piece = at_or_after(parts.first);
  if (piece == pieces_.end() || piece->first > parts.first)
    return contents_.add_own(parts, round, message.bytes);
  SOLITON_CHECK(piece->first + piece->second.count >= parts.first + parts.count);
  const std::uint64_t offset = contents_.size({piece->first, parts.first - piece->first});
  add_words(
      std::span<const std::byte>(piece->second.bytes.bytes).subspan(offset, message.bytes.size()),
      message.bytes);
}

void HeldParts::keep(Parts parts, Payload message) {
  auto at = pieces_.lower_bound(parts.first);
  if (at != pieces_.begin() && std::prev(at)->first + std::prev(at)->second.count > parts.first)
    --at;
  while (at != pieces_.end() && at->first < parts.first + parts.count) at = pieces_.erase(at);
  pieces_.emplace(parts.first, Piece{parts.count, std::move(message)});
}

}  // namespace soliton
