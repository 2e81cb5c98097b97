// A card that has gone mad sends pause frames without end. The watchdog of the port sees that nothing leaves and
// drops what waits, again and again, so that those behind it get on.
#include <fmt/format.h>

#include "fabric/faults/pause_storm.h"

namespace soliton {
namespace {

struct StormOptions {
  StormWatchdog watchdog{.detect = milliseconds(200), .restore = milliseconds(200)};
};
constexpr Field kRows[] = {
    map_field<&StormOptions::watchdog, kStormWatchdogFields>("watchdog", "Of the port."),
};
constexpr FieldTable kFields = fields_of<StormOptions>("fault_pfc_storm", kRows);

class Storm final : public PauseStorm {
 public:
  explicit Storm(const StormOptions& options) : PauseStorm(options.watchdog) {}
  std::string words() const override { return "were paused without end"; }
};

}  // namespace

extern const FaultKind kPfcStormFault = {
    .name = "pfc_storm",
    .words = "a port is paused without end, until a watchdog drops what waits",
    .example =
        "{link: fpga1-tor0, at: 1 ms, for: 2 ms, pfc_storm: true, watchdog: {detect: 200 us}}",
    .short_path = "",
    .short_alias = "",
    .must_hold = "D R L B",
    .fields = kFields,
    .make = only_at_ports,
    .port = make_port_effect<Storm, StormOptions, kFields>,
};

}  // namespace soliton
