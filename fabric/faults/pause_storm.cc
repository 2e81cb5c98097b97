#include "fabric/faults/pause_storm.h"

#include <algorithm>

namespace soliton {

// At least at the instant of detection what waits is dropped.
Duration PauseStorm::into_turn(const PortEncounter& m) const {
  const Duration restore = std::max(watchdog_.restore, Duration{1});
  return (m.crossing.start - m.window.from) % sum(watchdog_.detect, restore);
}

Instant PauseStorm::held_until(const PortEncounter& m) const {
  const Instant now = m.crossing.start;
  if (watchdog_.detect == Duration{}) return m.window.until == kNever ? now : m.window.until;
  const Duration into = into_turn(m);
  if (into >= watchdog_.detect) return now;
  return std::min(later(now, watchdog_.detect - into), m.window.until);
}

FaultAction PauseStorm::start(const PortEncounter& m) const {
  const FaultAction flush{.what = FaultAction::What::kFlush};
  if (watchdog_.detect == Duration{}) return m.window.until == kNever ? flush : FaultAction{};
  return into_turn(m) >= watchdog_.detect ? flush : FaultAction{};
}

}  // namespace soliton
