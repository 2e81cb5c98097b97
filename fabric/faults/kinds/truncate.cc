// Packets on a link arrive shorter or longer than they were sent.
#include <fmt/format.h>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct TruncateOptions {
  Probability p{};
  Bytes bytes{8};
  bool pad = false;
};
constexpr Field kRows[] = {
    field<&TruncateOptions::p>("p", "Share of packets hit.")
        .between(Probability{0}, Probability{1'000'000'000})
        .needed(),
    field<&TruncateOptions::bytes>("bytes",
                                   "How many bytes are missing, or all if there are fewer.")
        .between(Bytes{1}, Bytes{9'000}),
    field<&TruncateOptions::pad>("pad", "So many are added instead."),
};
constexpr FieldTable kFields = fields_of<TruncateOptions>("fault_truncate", kRows);

class Truncate final : public LinkEffect {
 public:
  explicit Truncate(const TruncateOptions& options) : o_(options) {}
  LinkStage stage() const override { return LinkStage::kDamage; }
  FaultAction act(const Encounter& m) const override {
    if (!m.chance.happens(m.crossing.ordinal, o_.p)) return {};
    using What = FaultAction::What;
    return {.what = o_.pad ? What::kPad : What::kCutShort,
            .count = static_cast<std::uint32_t>(o_.bytes.count)};
  }
  std::string words() const override {
    return fmt::format("{} {} of its packets", o_.pad ? "lengthened" : "cut short", spell(o_.p));
  }

 private:
  TruncateOptions o_;
};

}  // namespace

extern const FaultKind kTruncateFault = {
    .name = "truncate",
    .words = "packets on a link lose their end, or get one too many",
    .example = "{link, truncate: 1 %, bytes: 16}",
    .short_path = "p",
    .short_alias = "",
    .must_hold = "D R",
    .fields = kFields,
    .make = make_effect<Truncate, TruncateOptions, kFields>,
};

}  // namespace soliton
