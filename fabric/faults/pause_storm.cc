#include "fabric/faults/pause_storm.h"

#include <algorithm>

namespace soliton {

Instant PauseStorm::held_until(const PortEncounter& m) const {
  const Instant now = m.crossing.start;
  if (watchdog_.detect == Duration{}) return m.window.until == kNever ? now : m.window.until;
  const Duration turn = sum(watchdog_.detect, watchdog_.restore);
  const Duration into = (now - m.window.from) % turn;
  if (into >= watchdog_.detect) return now;
  return std::min(later(now, watchdog_.detect - into), m.window.until);
}

FaultAction PauseStorm::start(const PortEncounter& m) const {
  const FaultAction flush{.what = FaultAction::What::kFlush};
  if (watchdog_.detect == Duration{}) return m.window.until == kNever ? flush : FaultAction{};
  const Duration into =
      (m.crossing.start - m.window.from) % sum(watchdog_.detect, watchdog_.restore);
  return into >= watchdog_.detect ? flush : FaultAction{};
}

}  // namespace soliton
