// Limits on the sizes of what FPGAs run; together they keep operations below 2^62.
#pragma once

#include <cstddef>
#include <cstdint>

namespace soliton {

inline constexpr std::int64_t kMaxWidth = std::int64_t{1} << 20;  // input, hidden, output
inline constexpr std::int64_t kMaxWeights = std::int64_t{1} << 40;
inline constexpr std::int64_t kMaxSteps = 65'535;  // what the header of a data message can say
inline constexpr std::size_t kMaxLayers = 16'384;

}  // namespace soliton
