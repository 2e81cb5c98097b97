// Bytes that may be absent: a prefix that exists, then `ghost` bytes that only have a size.
//
// `compute: timing` moves sizes without tensor bytes; headers are always real. Every layer works on
// either, and takes the same time for both, because only size() enters a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "protocol/base/check.h"

namespace soliton {

struct Payload {
  std::vector<std::byte> bytes;
  std::uint64_t ghost = 0;

  std::uint64_t size() const { return bytes.size() + ghost; }

  void append(std::span<const std::byte> more) {
    SOLITON_CHECK(ghost == 0);
    const std::size_t before = bytes.size();
    bytes.resize(before + more.size());
    std::copy(more.begin(), more.end(), bytes.begin() + static_cast<std::ptrdiff_t>(before));
  }
  // Appends `more`; once ghost bytes exist only ghost bytes may follow.
  void append(const Payload& more) {
    if (!more.bytes.empty()) append(std::span<const std::byte>(more.bytes));
    ghost += more.ghost;
  }
  // The part [offset, offset + length). REQUIRES: offset + length <= size().
  Payload slice(std::uint64_t offset, std::uint64_t length) const {
    SOLITON_CHECK(offset + length <= size());
    const std::uint64_t first = std::min<std::uint64_t>(offset, bytes.size());
    const std::uint64_t last = std::min<std::uint64_t>(offset + length, bytes.size());
    Payload out;
    out.bytes.assign(bytes.begin() + static_cast<std::ptrdiff_t>(first),
                     bytes.begin() + static_cast<std::ptrdiff_t>(last));
    out.ghost = length - (last - first);
    return out;
  }
  bool operator==(const Payload&) const = default;
};

}  // namespace soliton
