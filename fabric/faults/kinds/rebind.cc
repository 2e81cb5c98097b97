// A node gets another address. What peers send to the old one, until they have learned the new one, is lost.
#include <fmt/format.h>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct RebindOptions {
  Duration learn{20'000'000};
};
constexpr Field kRows[] = {
    field<&RebindOptions::learn>("learn", "How long it takes until all peers know the new address.")
        .between(Duration{1}, kLongestTime),
};
constexpr FieldTable kFields = fields_of<RebindOptions>("fault_rebind", kRows);

// Each window begins with another address. Only what ends at a node on this link is for an address that may
// change; what the node itself sends carries the new one.
class Rebind final : public LinkEffect {
 public:
  explicit Rebind(const RebindOptions& options) : o_(options) {}
  LinkStage stage() const override { return LinkStage::kLoss; }
  FaultAction act(const Encounter& m) const override {
    const bool old = m.crossing.start < later(m.window.from, o_.learn);
    if (!m.crossing.at_end || !old) return {};
    return {.what = FaultAction::What::kDrop};
  }
  std::string words() const override {
    return fmt::format("lost for {} what was for an old address", to_string(o_.learn));
  }

 private:
  RebindOptions o_;
};

}  // namespace

extern const FaultKind kRebindFault = {
    .name = "rebind",
    .words = "a node gets another address, which its peers have to learn",
    .example = "{link: fpga1-tor0, at: 1 ms, rebind: 20 us}",
    .short_path = "learn",
    .short_alias = "",
    .must_hold = "D R L",
    .fields = kFields,
    .make = make_effect<Rebind, RebindOptions, kFields>,
};

}  // namespace soliton
