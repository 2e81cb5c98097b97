// Frames as records of a ring: a fixed head in the machine's own byte order (rings never leave a
// host), then the bytes that exist. Ghost bytes are a count.
#pragma once

#include <optional>

#include "fabric/link.h"
#include "fabric/shm/ring.h"

namespace soliton {

// False when there is no room now.
bool write_frame(Ring& ring, const Frame& frame);
// The oldest frame, or nothing. Error: the peer wrote nonsense (kBroken).
Result<std::optional<Frame>> read_frame(Ring& ring);

}  // namespace soliton
