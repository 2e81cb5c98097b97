// Frames as records of a ring: a fixed head in the machine's own byte order (rings never leave a
// host), then the bytes that exist. Ghost bytes are a count.
#pragma once

#include <optional>

#include "fabric/link.h"
#include "fabric/shm/ring.h"

namespace soliton {

// Returns false, with no effect, if the ring has no room now.
bool write_frame(Ring& ring, const Frame& frame);
// Removes and returns the oldest frame; nullopt if there is none. Error: the peer wrote a malformed
// record (kBroken).
Result<std::optional<Frame>> read_frame(Ring& ring);

}  // namespace soliton
