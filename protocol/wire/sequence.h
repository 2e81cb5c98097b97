// Packet numbers modulo 2^32, compared by signed difference: right as long as two live numbers are
// less than 2^31 apart.
#pragma once

#include <cstdint>

namespace soliton {

using Sequence = std::uint32_t;

// How far `to` lies after `from`; negative when it lies before.
constexpr std::int32_t sequence_distance(Sequence from, Sequence to) {
  return static_cast<std::int32_t>(to - from);
}
constexpr bool sequence_before(Sequence a, Sequence b) { return sequence_distance(a, b) > 0; }

}  // namespace soliton
