// Ports that pause frames hold, for as long as a rule says, and the watchdog that ends it: pfc_pause,
// pfc_storm and pfc_deadlock differ in what the watchdog does.
#pragma once

#include "fabric/faults/fault_plan.h"

namespace soliton {

// Of a switch's port, as in "PFC watchdog" of switch operating systems.
struct StormWatchdog {
  Duration
      detect{};  // paused for so long without a packet: what waits is dropped; 0: there is none
  Duration restore{};  // after which pauses are obeyed again
};
inline constexpr Field kStormWatchdogRows[] = {
    field<&StormWatchdog::detect>(
        "detect", "A port that is paused for so long drops what waits in it; 0: there is none.")
        .between(Duration{0}, kLongestTime),
    field<&StormWatchdog::restore>("restore",
                                   "For so long it drops what comes, and then obeys pauses again.")
        .between(Duration{0}, kLongestTime),
};
inline constexpr FieldTable kStormWatchdogFields =
    fields_of<StormWatchdog>("fault_storm_watchdog", kStormWatchdogRows);

// A window of holding and dropping by turns. A pause that never ends loses its packets.
class PauseStorm : public PortEffect {
 public:
  PauseStorm() = default;
  explicit PauseStorm(const StormWatchdog& watchdog) : watchdog_(watchdog) {}

  Instant held_until(const PortEncounter& m) const override;
  FaultAction start(const PortEncounter& m) const override;

 private:
  Duration into_turn(const PortEncounter& m) const;

  StormWatchdog watchdog_;
};

}  // namespace soliton
