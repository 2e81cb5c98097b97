// Large packets vanish on a link: a black hole that lets small ones through.
#include <fmt/format.h>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct MtuOptions {
  Bytes bytes{};
};
constexpr Field kRows[] = {
    field<&MtuOptions::bytes>("bytes", "The largest LTL packet that passes, headers included.")
        .between(Bytes{32}, Bytes{65'535})
        .needed(),
};
constexpr FieldTable kFields = fields_of<MtuOptions>("fault_mtu", kRows);

class Mtu final : public LinkEffect {
 public:
  explicit Mtu(const MtuOptions& options) : o_(options) {}
  LinkStage stage() const override { return LinkStage::kSize; }
  FaultAction act(const Encounter& m) const override {
    if (m.crossing.size <= o_.bytes) return {};
    return {.what = FaultAction::What::kDrop};
  }
  std::string words() const override {
    return fmt::format("lost packets of more than {}", spell(o_.bytes));
  }

 private:
  MtuOptions o_;
};

}  // namespace

extern const FaultKind kMtuFault = {
    .name = "mtu",
    .words = "large packets vanish on a link",
    .example = "{link, mtu: 1000 B}",
    .short_path = "bytes",
    .short_alias = "",
    .must_hold = "D E",
    .fields = kFields,
    .make = make_effect<Mtu, MtuOptions, kFields>,
};

}  // namespace soliton
