// Floors of LTL's options in wall time, where a process instead of hardware is at each end.
#pragma once

#include <algorithm>
#include <cstdint>

#include "fabric/ltl/options.h"

namespace soliton {

// A sleeping process on a busy machine answers late; a shorter timeout would cause needless
// resends.
inline constexpr Duration kWallTimeoutFloor = milliseconds(20);
inline constexpr Duration kWallTimeoutCeilingFloor = milliseconds(200);
inline constexpr std::uint32_t kWallTimeoutRttsFloor = 4;
// Tail probes wait for this delay; below the time a process needs to be scheduled they would be
// needless.
inline constexpr Duration kWallAckDelayFloor = microseconds(500);
// An immediate answer costs two more system calls, and such long timeouts need few samples.
inline constexpr std::uint32_t kWallSampleFloor = 256;
// A bare ACK costs two system calls as well; one per half a burst keeps a stream moving.
inline constexpr std::uint32_t kWallAckEveryFloor = 32;
// A packet costs one system call regardless of its size.
inline constexpr Bytes kWallPackingFloor{1408};

inline LtlOptions with_wall_floors(LtlOptions ltl) {
  ltl.timeout = std::max(ltl.timeout, kWallTimeoutFloor);
  ltl.timeout_max = std::max(ltl.timeout_max, kWallTimeoutCeilingFloor);
  ltl.timeout_rtts = std::max(ltl.timeout_rtts, kWallTimeoutRttsFloor);
  ltl.ack_delay = std::max(ltl.ack_delay, kWallAckDelayFloor);
  ltl.sample_every = std::max(ltl.sample_every, kWallSampleFloor);
  ltl.ack_every = std::max(ltl.ack_every, kWallAckEveryFloor);
  ltl.packing = std::max(ltl.packing, kWallPackingFloor);
  return ltl;
}

}  // namespace soliton
