// A port is told to pause, and obeys: packets wait in their queues, which may fill. With `match: {class: ...}` one
// class of them does.
#include "fabric/faults/pause_storm.h"

namespace soliton {
namespace {

struct Options {};
constexpr FieldTable kFields = fields_of<Options>("fault_pfc_pause", {});

class Pause final : public PauseStorm {
 public:
  explicit Pause(const Options&) {}
  std::string words() const override { return "were paused"; }
};

}  // namespace

extern const FaultKind kPfcPauseFault = {
    .name = "pfc_pause",
    .words = "a port is told to pause",
    .example = "{link: fpga1-tor0, at: 1 ms, for: 50 us, pfc_pause: true}",
    .short_path = "",
    .short_alias = "",
    .must_hold = "D R L B",
    .fields = kFields,
    .make = only_at_ports,
    .port = make_port_effect<Pause, Options, kFields>,
};

}  // namespace soliton
