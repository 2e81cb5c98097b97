// Packets on a link are overtaken by those behind them.
#include <fmt/format.h>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct ReorderOptions {
  Probability p{};
  std::uint32_t gap = 5;
};
constexpr Field kRows[] = {
    field<&ReorderOptions::p>("p", "Share of packets held back.")
        .between(Probability{0}, Probability{1'000'000'000})
        .needed(),
    field<&ReorderOptions::gap>(
        "gap",
        "By the time that so many full packets take on the line: as many overtake "
        "it when they follow without a pause.")
        .between(1, 10'000)
        .in("packets"),
};
constexpr FieldTable kFields = fields_of<ReorderOptions>("fault_reorder", kRows);

// The unit of `gap`: what an Ethernet frame of 1,500 bytes takes with all around it.
constexpr std::int64_t kFullPacket = 1'538;

class Reorder final : public LinkEffect {
 public:
  explicit Reorder(const ReorderOptions& options) : o_(options) {}
  LinkStage stage() const override { return LinkStage::kDelay; }
  FaultAction act(const Encounter& m) const override {
    if (!m.chance.happens(m.crossing.ordinal, o_.p)) return {};
    const Duration full = transmit_time(Bytes{kFullPacket}, m.crossing.rate);
    return {.what = FaultAction::What::kDelay, .late = times(full, o_.gap)};
  }
  std::string words() const override {
    return fmt::format("held back {} of its packets", spell(o_.p));
  }

 private:
  ReorderOptions o_;
};

}  // namespace

extern const FaultKind kReorderFault = {
    .name = "reorder",
    .words = "packets on a link are overtaken by those behind",
    .example = "{link, reorder: 25 %, gap: 5}",
    .short_path = "p",
    .short_alias = "",
    .must_hold = "D R",
    .fields = kFields,
    .make = make_effect<Reorder, ReorderOptions, kFields>,
};

}  // namespace soliton
