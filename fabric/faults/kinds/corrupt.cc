// Bits of packets on a link are flipped, below checksum and tag: every one of them has to be found.
#include <fmt/format.h>

#include "fabric/faults/fault_plan.h"
#include "protocol/math/math.h"

namespace soliton {
namespace {

enum class Region : std::uint8_t { kAny, kHeader, kPayload };
struct CorruptOptions {
  std::optional<Probability> p;
  std::optional<double> ber;
  std::uint32_t bits = 1;
  Region region = Region::kAny;
};
constexpr FieldWord kRegions[] = {word("any", Region::kAny), word("header", Region::kHeader),
                                  word("payload", Region::kPayload)};
constexpr Field kRows[] = {
    field<&CorruptOptions::p>("p", "Share of packets damaged.")
        .between(Probability{0}, Probability{1'000'000'000})
        .if_changed(),
    field<&CorruptOptions::ber>(
        "ber",
        "Instead: bit error rate, the chance of each bit of a packet; a packet hit "
        "has `bits` flipped.")
        .between<std::int64_t>(0, 1)
        .if_changed(),
    field<&CorruptOptions::bits>("bits", "Flipped in a packet.").between(1, 64),
    field<&CorruptOptions::region>(
        "region", "Where: in LTL's `header`, in the `payload` behind it, or in `any` of both.")
        .spelled(kRegions),
};
constexpr FieldGroup kGroups[] = {{FieldGroup::Kind::kOneOf, {"p", "ber"}}};
constexpr FieldTable kFields = fields_of<CorruptOptions>("fault_corrupt", kRows).with(kGroups);

class Corrupt final : public LinkEffect {
 public:
  explicit Corrupt(const CorruptOptions& options) : o_(options) {}
  LinkStage stage() const override { return LinkStage::kDamage; }
  FaultAction act(const Encounter& m) const override {
    const std::uint64_t ordinal = m.crossing.ordinal;
    if (!hits(m) || bytes_of(m.crossing) == 0) return {};
    using What = FaultAction::What;
    const What what = o_.region == Region::kAny      ? What::kCorrupt
                      : o_.region == Region::kHeader ? What::kCorruptHeader
                                                     : What::kCorruptPayload;
    return {.what = what, .count = o_.bits, .value = m.chance.child(1).bits(ordinal)};
  }
  std::string words() const override {
    return o_.p ? fmt::format("damaged {} of its packets", spell(*o_.p))
                : fmt::format("damaged packets at a bit error rate of {}", *o_.ber);
  }

 private:
  std::int64_t bytes_of(const Crossing& crossing) const {
    const std::int64_t header = std::min<std::int64_t>(crossing.size.count, kLtlHeaderSize);
    if (o_.region == Region::kHeader) return header;
    return o_.region == Region::kPayload ? crossing.size.count - header : crossing.size.count;
  }
  bool hits(const Encounter& m) const {
    if (o_.p) return m.chance.happens(m.crossing.ordinal, *o_.p);
    const double bits = 8.0 * static_cast<double>(bytes_of(m.crossing));
    return m.chance.unit(m.crossing.ordinal) < -math::expm1(bits * math::log1p(-*o_.ber));
  }

  CorruptOptions o_;
};

}  // namespace

extern const FaultKind kCorruptFault = {
    .name = "corrupt",
    .words = "bits of packets on a link are flipped",
    .example = "{link, corrupt: 2 %, bits: 3, region: payload}",
    .short_path = "p",
    .short_alias = "ber",
    .must_hold = "D R",
    .fields = kFields,
    .make = make_effect<Corrupt, CorruptOptions, kFields>,
};

}  // namespace soliton
