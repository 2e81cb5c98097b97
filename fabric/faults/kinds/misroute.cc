// Packets reach a node that they are not for, which has to refuse them.
#include <fmt/format.h>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct MisrouteOptions {
  Probability p{};
};
constexpr Field kRows[] = {
    field<&MisrouteOptions::p>("p", "Share of packets hit.")
        .between(Probability{0}, Probability{1'000'000'000})
        .needed(),
};
constexpr FieldTable kFields = fields_of<MisrouteOptions>("fault_misroute", kRows);

class Misroute final : public LinkEffect {
 public:
  Misroute(const MisrouteOptions& options, const NodeSets& sets) : o_(options) {
    for (const std::vector<std::uint32_t>& set : sets)
      wrong_.insert(wrong_.end(), set.begin(), set.end());
  }
  LinkStage stage() const override { return LinkStage::kDamage; }

  FaultAction act(const Encounter& m) const override {
    const std::uint64_t ordinal = m.crossing.ordinal;
    if (m.crossing.at_end || !m.chance.happens(ordinal, o_.p)) return {};
    // Neither back to its sender nor to whom it is for: the next in the list, then.
    const std::uint64_t first = m.chance.child(0).below(ordinal, wrong_.size());
    for (std::size_t i = 0; i < wrong_.size(); ++i) {
      const std::uint32_t node = wrong_[(first + i) % wrong_.size()];
      if (node != index(m.crossing.source) && node != index(m.crossing.destination))
        return {.what = FaultAction::What::kMisroute, .count = node};
    }
    return {};
  }
  std::string words() const override {
    return fmt::format("led {} of its packets astray", spell(o_.p));
  }

 private:
  MisrouteOptions o_;
  std::vector<std::uint32_t> wrong_;  // nodes
};

}  // namespace

const FaultKind kMisrouteFault = {
    .name = "misroute",
    .words = "packets reach a node that they are not for",
    .example = "{link, misroute: 1 %, sets: [\"fpga[0-3]\"]}",
    .short_path = "p",
    .short_alias = "",
    .must_hold = "D R",
    .fields = kFields,
    .make = make_effect_of_sets<Misroute, MisrouteOptions, kFields>,
};

}  // namespace soliton
