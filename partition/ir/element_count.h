// How many elements a shape has, for shapes that come out of files.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace soliton {

// Elements of a shape, or nothing when an extent is negative or those that are not zero have a
// product beyond 63 bits: so any part of a shape that has a count has one, too.
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
