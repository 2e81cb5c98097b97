// Paths of requests that bring state along.
#pragma once

#include <algorithm>

#include "protocol/base/breakdown.h"

namespace soliton {

// The same arrival with its path counted from `started` on. The state that a request brings along was
// sent during the one before, so that not all messages of a request began at one instant. Network is
// what the other parts leave; if they are longer than the time since `started`, all of it. What was
// there before counts as there from the start.
inline Arrival since(Arrival arrival, Instant started) {
  arrival.at = std::max(arrival.at, started);
  const Duration within = arrival.at - started;
  arrival.path.network = Duration{};
  if (arrival.path.total() > within) arrival.path = {};
  arrival.path.network = within - arrival.path.total();
  return arrival;
}

}  // namespace soliton
