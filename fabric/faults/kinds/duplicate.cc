// Packets on a link arrive more than once.
#include <fmt/format.h>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct DuplicateOptions {
  Probability p{};
  std::uint32_t copies = 1;
  Duration lag{};
};
constexpr Field kRows[] = {
    field<&DuplicateOptions::p>("p", "Share of packets hit.")
        .between(Probability{0}, Probability{1'000'000'000})
        .needed(),
    field<&DuplicateOptions::copies>("copies", "Copies of each.").between(1, 100),
    field<&DuplicateOptions::lag>("lag", "How far each copy is behind the one before.")
        .between(Duration{0}, milliseconds(3'600'000)),
};
constexpr FieldTable kFields = fields_of<DuplicateOptions>("fault_duplicate", kRows);

class Duplicate final : public LinkEffect {
 public:
  explicit Duplicate(const DuplicateOptions& options) : o_(options) {}
  LinkStage stage() const override { return LinkStage::kCopy; }
  FaultAction act(const Encounter& m) const override {
    if (!m.chance.happens(m.crossing.ordinal, o_.p)) return {};
    return {.what = FaultAction::What::kDuplicate, .count = o_.copies, .late = o_.lag};
  }
  Duration most_delay() const override { return times(o_.lag, o_.copies); }
  std::string words() const override {
    return fmt::format("doubled {} of its packets", spell(o_.p));
  }

 private:
  DuplicateOptions o_;
};

}  // namespace

extern const FaultKind kDuplicateFault = {
    .name = "duplicate",
    .words = "packets on a link arrive more than once",
    .example = "{link, duplicate: 5 %, copies: 2, lag: 10 us}",
    .short_path = "p",
    .short_alias = "",
    .must_hold = "D R B",
    .fields = kFields,
    .make = make_effect<Duplicate, DuplicateOptions, kFields>,
};

}  // namespace soliton
