// Which clock a node lives by.
#pragma once

#include <cstdint>

namespace soliton {

// Emulated: a result leaves at the instant the timing model says. Wall: it leaves when it has been
// computed, and the modelled time is only counted.
enum class TimeBase : std::uint8_t { kEmulated, kWall };

}  // namespace soliton
