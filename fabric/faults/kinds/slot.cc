// A link delivers in slots, as radio links and busy hypervisors do: what comes in between waits for the next.
#include <fmt/format.h>

#include <algorithm>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct SlotOptions {
  Duration least{}, most{};
  std::uint32_t packets = 0;
  Bytes bytes{0};
};
constexpr Duration kLongest = milliseconds(3'600'000);
constexpr Field kRows[] = {
    field<&SlotOptions::most>("slot", "The longest time from one slot to the next.")
        .between(Duration{1}, kLongest)
        .needed(),
    field<&SlotOptions::least>("least", "The shortest; distances are uniform in between.")
        .between(Duration{1}, kLongest)
        .by_default("slot")
        .if_changed(),
    field<&SlotOptions::packets>("packets", "Most of a slot; 0: no limit.").between(0, 1'000'000),
    field<&SlotOptions::bytes>("bytes", "Most of a slot; 0: no limit.")
        .between(Bytes{0}, Bytes{1'073'741'824}),
};

void check(void* object, FieldCheck& check) {
  auto& options = *static_cast<SlotOptions*>(object);
  if (!check.has("least")) options.least = options.most;
  if (options.least > options.most) check.error("least", "is above slot");
}

constexpr FieldTable kFields = fields_of<SlotOptions>("fault_slot", kRows).ruled(&check);

class Slot final : public LinkEffect {
 public:
  explicit Slot(const SlotOptions& options) : o_(options) {}
  LinkStage stage() const override { return LinkStage::kRate; }

  // LinkMemory::until is the instant of the slot that is being filled, number and state what it holds.
  FaultAction act(const Encounter& m) const override {
    LinkMemory& slot = m.memory;
    const std::uint64_t ordinal = m.crossing.ordinal;
    if (m.crossing.start >= slot.until) {
      open(slot, m.crossing.start, m.chance, ordinal);
    } else if (is_full(slot, m.crossing.size)) {
      open(slot, slot.until, m.chance, ordinal);
    }
    ++slot.state;
    slot.number += static_cast<std::uint64_t>(m.crossing.size.count);
    return {.what = FaultAction::What::kDelay, .late = slot.until - m.crossing.start};
  }
  Duration most_delay() const override { return o_.most; }
  std::string words() const override {
    return fmt::format("delivered every {}", to_string(o_.most));
  }

 private:
  bool is_full(const LinkMemory& slot, Bytes size) const {
    const auto held = static_cast<std::int64_t>(slot.number);
    return (o_.packets > 0 && slot.state >= o_.packets) ||
           (o_.bytes.count > 0 && held + size.count > o_.bytes.count);
  }
  void open(LinkMemory& slot, Instant after, const Random& chance, std::uint64_t ordinal) const {
    const auto span = static_cast<std::uint64_t>((o_.most - o_.least).count());
    const Duration random{static_cast<std::int64_t>(span == 0 ? 0 : chance.below(ordinal, span))};
    slot.until = later(after, o_.least + random);
    slot.state = 0;
    slot.number = 0;
  }

  SlotOptions o_;
};

}  // namespace

extern const FaultKind kSlotFault = {
    .name = "slot",
    .words = "a link delivers at intervals",
    .example = "{link, slot: 100 us, packets: 64}",
    .short_path = "slot",
    .short_alias = "",
    .must_hold = "D L",
    .fields = kFields,
    .make = make_effect<Slot, SlotOptions, kFields>,
};

}  // namespace soliton
