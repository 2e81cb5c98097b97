// Others, who are not of this cluster, send a burst to one place at the same instant: each window of the rule
// begins with it. Their packets stand in the queue of the port like any, and leave over its line.
#include <fmt/format.h>

#include <algorithm>

#include "fabric/faults/fault_plan.h"
#include "topologies/line.h"

namespace soliton {
namespace {

struct IncastOptions {
  std::uint32_t fan_in = 0;
  Bytes burst{65'536};
};
constexpr Field kRows[] = {
    field<&IncastOptions::fan_in>("fan_in", "Senders.")
        .between<std::uint32_t>(1, 1'000'000)
        .needed(),
    field<&IncastOptions::burst>("burst", "What each of them sends, overhead on the line included.")
        .between(Bytes{1}, Bytes{1'073'741'824}),
};
constexpr FieldTable kFields = fields_of<IncastOptions>("fault_incast", kRows);

class Incast final : public PortEffect {
 public:
  explicit Incast(const IncastOptions& options) : o_(options) {}

  // LinkMemory::until is when the line has sent the burst, as far as the queue had room for it, and
  // LinkMemory::second the window that it began.
  FaultAction come(const PortEncounter& m) const override {
    LinkMemory& memory = m.memory;
    const Instant now = m.crossing.start;
    if (memory.state == 0 || memory.second != m.window.from) {
      memory.state = 1;
      memory.second = m.window.from;
      Bytes all{static_cast<std::int64_t>(o_.fan_in) * o_.burst.count};
      if (m.port.room > Bytes{}) all = std::min(all, m.port.room);
      memory.until =
          later(std::max(m.port.free, m.window.from), transmit_time(all, m.crossing.rate));
    }
    if (memory.until <= now || memory.until <= m.port.free) return {};
    const Bytes ahead = transmitted(memory.until - now, m.crossing.rate);
    if (m.port.room > Bytes{} && ahead + m.port.size > m.port.room)
      return {.what = FaultAction::What::kRefuse};
    FaultAction out{.what = FaultAction::What::kBehind};
    out.set_until(memory.until);
    return out;
  }
  std::string words() const override {
    return fmt::format("met bursts of {} from {} senders", spell(o_.burst), o_.fan_in);
  }

 private:
  IncastOptions o_;
};

}  // namespace

extern const FaultKind kIncastFault = {
    .name = "incast",
    .words = "others send a burst to one place at once",
    .example = "{link: fpga1-tor0, direction: rx, at: 1 ms, incast: 16, burst: 64 KiB}",
    .short_path = "fan_in",
    .short_alias = "",
    .must_hold = "D R L B",
    .fields = kFields,
    .make = only_at_ports,
    .port = make_port_effect<Incast, IncastOptions, kFields>,
};

}  // namespace soliton
