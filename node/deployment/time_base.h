// Which clock a node lives by.
#pragma once

#include <cstdint>

namespace soliton {

// Emulated: a result leaves at the instant that the timing model gives. Wall: a result leaves as
// soon as it has been computed, and modelled time is only counted.
enum class TimeBase : std::uint8_t { kEmulated, kWall };

}  // namespace soliton
