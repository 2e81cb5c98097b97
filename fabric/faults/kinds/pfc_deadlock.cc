// Ports of switches wait for each other in a circle: each is paused by the next, and none ever goes on. The
// watchdogs find it and drop what waits in them; then the circle is broken.
#include <fmt/format.h>

#include "fabric/faults/pause_storm.h"

namespace soliton {
namespace {

struct DeadlockOptions {
  StormWatchdog watchdog{.detect = milliseconds(200), .restore = {}};
};
constexpr Field kRows[] = {
    map_field<&DeadlockOptions::watchdog, kStormWatchdogFields>(
        "watchdog", "Of the ports; `restore` has no meaning here."),
};
constexpr FieldTable kFields = fields_of<DeadlockOptions>("fault_pfc_deadlock", kRows);

// What waits at the instant of detection is thrown out, and what comes later goes on.
class Deadlock final : public PortEffect {
 public:
  explicit Deadlock(const DeadlockOptions& options) : detect_(options.watchdog.detect) {}

  Instant held_until(const PortEncounter& m) const override {
    const Instant end = end_of(m);
    return end == kNever ? m.crossing.start : end;
  }
  FaultAction start(const PortEncounter& m) const override {
    const Instant end = end_of(m);
    return end == kNever || m.crossing.start == end ? FaultAction{.what = FaultAction::What::kFlush}
                                                    : FaultAction{};
  }
  std::string words() const override { return "waited for each other in a circle"; }

 private:
  Instant end_of(const PortEncounter& m) const {
    return detect_ == Duration{} ? m.window.until
                                 : std::min(m.window.until, later(m.window.from, detect_));
  }

  Duration detect_;
};

}  // namespace

extern const FaultKind kPfcDeadlockFault = {
    .name = "pfc_deadlock",
    .words = "ports of switches wait for each other in a circle",
    .example =
        "{kind: pfc_deadlock, cycle: [leaf0, spine0, leaf1, spine1], at: 1 ms, for: 2 ms, "
        "watchdog: "
        "{detect: 200 us}}",
    .short_path = "",
    .short_alias = "",
    .target = FaultKind::Target::kCircle,
    .must_hold = "D R L",
    .fields = kFields,
    .make = only_at_ports,
    .port = make_port_effect<Deadlock, DeadlockOptions, kFields>,
};

}  // namespace soliton
