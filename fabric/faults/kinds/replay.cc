// Packets on a link come a second time, long after.
#include <fmt/format.h>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct ReplayOptions {
  Probability p{};
  Duration age = milliseconds(2'000);
};
constexpr Field kRows[] = {
    field<&ReplayOptions::p>("p", "Share of packets hit.")
        .between(Probability{0}, Probability{1'000'000'000})
        .needed(),
    field<&ReplayOptions::age>("age", "When it comes again, after the first time.")
        .between(Duration{1}, milliseconds(3'600'000)),
};
constexpr FieldTable kFields = fields_of<ReplayOptions>("fault_replay", kRows);

class Replay final : public LinkEffect {
 public:
  explicit Replay(const ReplayOptions& options) : o_(options) {}
  LinkStage stage() const override { return LinkStage::kCopy; }
  FaultAction act(const Encounter& m) const override {
    if (!m.chance.happens(m.crossing.ordinal, o_.p)) return {};
    return {.what = FaultAction::What::kDuplicate, .count = 1, .late = o_.age};
  }
  Duration most_delay() const override { return o_.age; }
  std::string words() const override {
    return fmt::format("repeated {} of its packets after {}", spell(o_.p), to_string(o_.age));
  }

 private:
  ReplayOptions o_;
};

}  // namespace

extern const FaultKind kReplayFault = {
    .name = "replay",
    .words = "packets on a link come again, long after",
    .example = "{link, replay: 1 %, age: 2 s}",
    .short_path = "p",
    .short_alias = "",
    .must_hold = "D R B",
    .fields = kFields,
    .make = make_effect<Replay, ReplayOptions, kFields>,
};

}  // namespace soliton
