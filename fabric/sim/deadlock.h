// Circular waits among paused ports: a port waits for room in the next switch, the packets there
// for a port that is paused itself, and so on in a circle. No packet in such a circle will ever
// move.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "fabric/sim/network_counters.h"
#include "protocol/base/quantity.h"

namespace soliton {

// Packets that came in over the cable of port `from` and wait at port `at` of its switch.
struct QueuedBytes {
  std::size_t at = 0;
  std::size_t from = 0;
  Bytes size{};
};

// The circles among the `stopped` ports, one for each group of ports that wait for each other. Each
// lists its ports in the order of who waits for whom, starting with the lowest. `waiting` holds the
// packets at these ports. A port that resumes once packets elsewhere have left is in no circle: a
// port is in one only if the bytes that remain are above `xon`.
std::vector<std::vector<std::size_t>> find_deadlocks(const std::vector<std::size_t>& stopped,
                                                     const std::vector<QueuedBytes>& waiting,
                                                     Bytes xon);

// Queues that are paused, and what waits at them.
struct Stopped {
  std::vector<std::size_t> queues;  // numbered by port and class
  std::vector<QueuedBytes> waiting;
};

// The circles that were found. One that lasts is in it once.
class CircleLog {
 public:
  // `classes`: a queue's number is its port's times this, and its class.
  CircleLog(Bytes xon, std::size_t classes) : xon_(xon), classes_(classes) {}

  // `held_back`: whether the last signal to a queue told it to stop. Where one that lets it go on is on
  // its way, the queue is stopped, but not stuck.
  void look(Instant now, const Stopped& stopped,
            const std::function<bool(std::size_t queue)>& held_back);
  const std::vector<Deadlock>& found() const { return found_; }

 private:
  Bytes xon_;
  std::size_t classes_;
  std::vector<Deadlock> found_;
};

}  // namespace soliton
