// Where the time of a request went: the four parts of its critical path, which add up to its
// latency.
//
// Every value that becomes available carries the breakdown of the path that made it available last;
// the larger of two arrivals brings its own along. So the sum at the end is the latency, to the
// picosecond.
#pragma once

#include "protocol/base/time.h"

namespace soliton {

struct Breakdown {
  Duration compute{};  // an NPU worked on it
  Duration network{};  // it was on its way between nodes
  Duration queue{};    // it waited for its batch to fill, or for a device that was busy
  Duration host{};     // a CPU worked on it

  Duration total() const { return compute + network + queue + host; }
  Breakdown& operator+=(const Breakdown& other) {
    compute += other.compute;
    network += other.network;
    queue += other.queue;
    host += other.host;
    return *this;
  }
  bool operator==(const Breakdown&) const = default;
};

// An instant together with the path that led to it.
struct Arrival {
  Instant at{};
  Breakdown path;
};

}  // namespace soliton
