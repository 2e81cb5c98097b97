// The number of elements of a shape, for shapes read from files.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace soliton {

// Returns nullopt if an extent is negative or if the product of the non-zero extents needs more
// than 63 bits. So if a shape has a count, every part of it has one too.
inline std::optional<std::int64_t> element_count(std::span<const std::int64_t> shape) {
  std::int64_t count = 1;
  bool empty = false;
  for (const std::int64_t extent : shape) {
    if (extent < 0) return std::nullopt;
    if (extent == 0)
      empty = true;
    else if (__builtin_mul_overflow(count, extent, &count))
      return std::nullopt;
  }
  return empty ? 0 : count;
}

}  // namespace soliton
