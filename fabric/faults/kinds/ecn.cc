// Marks of congestion appear on packets of a link without congestion, or get lost.
#include <fmt/format.h>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

enum class Change : std::uint8_t { kMark, kStrip };
struct EcnOptions {
  Probability p{};
  Change change = Change::kMark;
};
constexpr FieldWord kChanges[] = {word("mark", Change::kMark), word("strip", Change::kStrip)};
constexpr Field kRows[] = {
    field<&EcnOptions::p>("p", "Share of packets hit.")
        .between(Probability{0}, Probability{1'000'000'000})
        .needed(),
    field<&EcnOptions::change>("change",
                               "`mark`: they are marked; `strip`: a mark they had is gone.")
        .spelled(kChanges),
};
constexpr FieldTable kFields = fields_of<EcnOptions>("fault_ecn", kRows);

class Ecn final : public LinkEffect {
 public:
  explicit Ecn(const EcnOptions& options) : o_(options) {}
  LinkStage stage() const override { return LinkStage::kDamage; }
  FaultAction act(const Encounter& m) const override {
    const bool marks = o_.change == Change::kMark;
    if (m.crossing.marked == marks || !m.chance.happens(m.crossing.ordinal, o_.p)) return {};
    return {.what = marks ? FaultAction::What::kMark : FaultAction::What::kStrip};
  }
  std::string words() const override {
    return o_.change == Change::kMark ? fmt::format("marked {} of its packets", spell(o_.p))
                                      : fmt::format("lost {} of its marks", spell(o_.p));
  }

 private:
  EcnOptions o_;
};

}  // namespace

extern const FaultKind kEcnFault = {
    .name = "ecn",
    .words = "marks of congestion appear or get lost on a link",
    .example = "{link, ecn: 10 %, change: mark}",
    .short_path = "p",
    .short_alias = "",
    .must_hold = "D R L",
    .fields = kFields,
    .make = make_effect<Ecn, EcnOptions, kFields>,
};

}  // namespace soliton
