// Where packet mode may take other times than message mode, as values.
#pragma once

#include <cstdint>

namespace soliton {

// What packet mode would have done at switch ports.
struct BeyondPorts {
  std::uint64_t drops = 0;      // packets that would have found the queue full
  std::uint64_t marks_ppb = 0;  // sum of the chances of being marked
};

struct MessageBeyond {
  BeyondPorts ports;
  // Times a flow had packets and waited for acknowledgements. Which of them may leave then follows from
  // LTL's windows and what it has measured.
  std::uint64_t waits = 0;
  // Messages with which a flow had more on its way than a window.
  std::uint64_t windows = 0;
};

}  // namespace soliton
