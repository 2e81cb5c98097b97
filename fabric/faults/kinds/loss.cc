// Packets on a link vanish, each on its own or in bursts.
//
// Models: independent (Bernoulli); two states, good and bad, with a chance of loss in each (Gilbert, 1960;
// Elliott, 1963); four states, as netem's `loss state` (Salsano et al., "Definition of a general and
// intuitive loss model", 2009); a list of packets; a mask of the packet's number.
#include <fmt/format.h>

#include <algorithm>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

constexpr Probability kAlways{1'000'000'000};

enum class Model : std::uint8_t { kBernoulli, kGilbertElliott, kMarkov4, kList, kMask };

struct LossModel {
  Model type = Model::kBernoulli;
  Probability p{}, correlation{};
  Probability r{}, bad = kAlways, good{};
  Probability p13{}, p31{}, p32{}, p23{}, p14{};
  std::vector<std::int64_t> drop;
  std::int64_t mask = 0, equals = 0;
};
struct LossOptions {
  LossModel model;
  std::uint32_t max_burst = 0;
};

constexpr FieldWord kModels[] = {
    word("bernoulli", Model::kBernoulli), word("gilbert_elliott", Model::kGilbertElliott),
    word("markov4", Model::kMarkov4), word("list", Model::kList), word("mask", Model::kMask)};

constexpr Field share(Field row) { return row.between(Probability{0}, kAlways).if_changed(); }

constexpr Field kModelRows[] = {
    field<&LossModel::type>(
        "type",
        "`bernoulli`: each packet independently; `gilbert_elliott`: a good and a bad state; "
        "`markov4`: four states; `list`: packets by their numbers; `mask`: at fixed distances.")
        .spelled(kModels),
    share(field<&LossModel::p>("p",
                               "Share of packets lost; of `gilbert_elliott`, the chance to become "
                               "bad, at each packet.")),
    share(field<&LossModel::correlation>(
        "correlation", "Chance that a packet of `bernoulli` has the fate of the one before.")),
    share(field<&LossModel::r>("r", "Chance of `gilbert_elliott` to become good again.")),
    share(field<&LossModel::bad>("bad", "Share lost in the bad state.")),
    share(field<&LossModel::good>("good", "Share lost in the good state.")),
    share(field<&LossModel::p13>("p13", "Of `markov4`: from received to a burst of losses.")),
    share(field<&LossModel::p31>("p31", "From a burst of losses to received.")),
    share(field<&LossModel::p32>("p32", "From a burst of losses to received within a burst.")),
    share(field<&LossModel::p23>("p23", "From received within a burst to a burst of losses.")),
    share(field<&LossModel::p14>("p14", "From received to a single loss.")),
    field<&LossModel::drop>("drop",
                            "Of `list`: numbers and ranges (2-7) of packets on the link and "
                            "direction, from 0.")
        .between<std::int64_t>(0, 1'000'000'000'000)
        .up_to(100'000)
        .with_ranges()
        .if_changed(),
    field<&LossModel::mask>("mask", "Of `mask`: lost is packet n with n AND mask = equals.")
        .between<std::int64_t>(0, INT64_MAX)
        .if_changed(),
    field<&LossModel::equals>("equals", "See mask.")
        .between<std::int64_t>(0, INT64_MAX)
        .if_changed(),
};

// Which keys each model has, those that it needs first.
struct ModelKeys {
  Model model;
  std::string_view needs[3];
  std::string_view may[3];
};
constexpr ModelKeys kModelKeys[] = {
    {Model::kBernoulli, {"p"}, {"correlation"}},
    {Model::kGilbertElliott, {"p", "r"}, {"bad", "good"}},
    {Model::kMarkov4, {"p13", "p31"}, {"p32", "p23", "p14"}},
    {Model::kList, {"drop"}, {}},
    {Model::kMask, {"mask"}, {"equals"}},
};

void check_model(void* object, FieldCheck& check) {
  auto& model = *static_cast<LossModel*>(object);
  const ModelKeys& keys = *std::ranges::find(kModelKeys, model.type, &ModelKeys::model);
  const auto lists = [](const auto& names, std::string_view key) {
    return std::ranges::find(names, key) != std::end(names);
  };
  for (const std::string_view key : keys.needs)
    if (!key.empty() && !check.has(key))
      check.error("", fmt::format("{} needs {}", spelling(kModels, model.type), key));
  for (const std::string_view key : check.said)
    if (key != "type" && !lists(keys.needs, key) && !lists(keys.may, key))
      check.error(key, fmt::format("{} has no {}", spelling(kModels, model.type), key));
  const auto beyond = [](Probability a, Probability b) {
    return a.parts_per_billion + b.parts_per_billion > kAlways.parts_per_billion;
  };
  if (beyond(model.p13, model.p14)) check.error("p14", "p13 and p14 are above 100 % together");
  if (beyond(model.p31, model.p32)) check.error("p32", "p31 and p32 are above 100 % together");
  if ((model.equals & ~model.mask) != 0) check.error("equals", "has bits that mask has not");
  std::ranges::sort(model.drop);
}

constexpr FieldTable kModelFields =
    fields_of<LossModel>("fault_model", kModelRows).ruled(&check_model);
constexpr Field kRows[] = {
    map_field<&LossOptions::model, kModelFields>("model", "Which packets are lost.").needed(),
    field<&LossOptions::max_burst>(
        "max_burst",
        "The rule drops no packet after this many in a row were lost on that "
        "link and direction, by any rule; 0: no limit.")
        .between(0, 1'000'000)
        .in("packets"),
};
constexpr FieldTable kFields = fields_of<LossOptions>("fault_loss", kRows);

class Loss final : public LinkEffect {
 public:
  explicit Loss(LossOptions options) : o_(std::move(options)) {}
  LinkStage stage() const override { return LinkStage::kLoss; }

  FaultAction act(const Encounter& m) const override {
    const bool lost = loses(m);
    if (!lost || (o_.max_burst > 0 && m.burst >= o_.max_burst)) return {};
    return {.what = FaultAction::What::kDrop};
  }

  std::string words() const override {
    switch (o_.model.type) {
      case Model::kBernoulli:
        return fmt::format("lost {} of its packets", spell(o_.model.p));
      case Model::kGilbertElliott:
        return two_states();
      case Model::kList:
        return fmt::format("lost {} listed packets", o_.model.drop.size());
      default:
        return "lost some of its packets";
    }
  }

 private:
  // The state of a link is LinkMemory::state: of `bernoulli` whether the packet before was lost.
  bool loses(const Encounter& m) const {
    const LossModel& model = o_.model;
    const std::uint64_t ordinal = m.crossing.ordinal;
    switch (model.type) {
      case Model::kBernoulli:
        return is_lost_alone(m);
      case Model::kGilbertElliott:
        return is_lost_of_two_states(m);
      case Model::kMarkov4:
        return is_lost_of_four_states(m);
      case Model::kList:
        return std::ranges::binary_search(model.drop, static_cast<std::int64_t>(ordinal));
      case Model::kMask:
        return (ordinal & static_cast<std::uint64_t>(model.mask)) ==
               static_cast<std::uint64_t>(model.equals);
    }
    return false;
  }

  // The share of time that the state is bad is p / (p + r), and it stays so for 1 / r packets.
  std::string two_states() const {
    const auto of = [](Probability p) { return static_cast<double>(p.parts_per_billion) / 1e9; };
    const double p = of(o_.model.p), r = of(o_.model.r);
    if (p + r == 0) return "lost nothing, as its state never changes";
    const double is_bad = p / (p + r);
    const double lost = is_bad * of(o_.model.bad) + (1 - is_bad) * of(o_.model.good);
    return fmt::format(
        "lost {:.3g} % of its packets, as {:.3g} % of the time were bad, {} packets each time",
        100 * lost, 100 * is_bad, r == 0 ? "all" : fmt::format("{:.3g}", 1 / r));
  }

  bool is_lost_alone(const Encounter& m) const {
    const std::uint64_t ordinal = m.crossing.ordinal;
    const bool again = o_.model.correlation.parts_per_billion > 0 && m.memory.number++ > 0 &&
                       m.chance.child(0).happens(ordinal, o_.model.correlation);
    if (!again) m.memory.state = m.chance.happens(ordinal, o_.model.p) ? 1 : 0;
    return m.memory.state == 1;
  }

  // The state moves first, then the packet meets it. State 1 is bad.
  bool is_lost_of_two_states(const Encounter& m) const {
    const std::uint64_t ordinal = m.crossing.ordinal;
    const bool moves = m.chance.happens(ordinal, m.memory.state == 1 ? o_.model.r : o_.model.p);
    if (moves) m.memory.state ^= 1;
    return m.chance.child(0).happens(ordinal, m.memory.state == 1 ? o_.model.bad : o_.model.good);
  }

  // States 0 to 3 are those that the literature calls 1 to 4: received; received within a burst; lost
  // within a burst; a single loss.
  bool is_lost_of_four_states(const Encounter& m) const {
    const auto drawn = static_cast<std::int64_t>(
        m.chance.below(m.crossing.ordinal, static_cast<std::uint64_t>(kAlways.parts_per_billion)));
    const LossModel& p = o_.model;
    const auto below = [&](Probability one, Probability two = {}) {
      return drawn < one.parts_per_billion + two.parts_per_billion;
    };
    std::uint32_t& state = m.memory.state;
    if (state == 0)
      state = below(p.p13) ? 2 : below(p.p13, p.p14) ? 3 : 0;
    else if (state == 1)
      state = below(p.p23) ? 2 : 1;
    else if (state == 2)
      state = below(p.p31) ? 0 : below(p.p31, p.p32) ? 1 : 2;
    else
      state = 0;
    return state >= 2;
  }

  LossOptions o_;
};

}  // namespace

const FaultKind kLossFault = {
    .name = "loss",
    .words = "packets on a link vanish",
    .example = "{link, loss: 1 %, max_burst: 3}",
    .short_path = "model.p",
    .short_alias = "",
    .must_hold = "D R L B",
    .fields = kFields,
    .make = make_effect<Loss, LossOptions, kFields>,
};

Settings loss_settings(const LossFaultOptions& options) {
  const LossOptions own{{.type = Model::kBernoulli, .p = options.p}, options.max_burst};
  return collect(kFields, &own);
}

}  // namespace soliton
