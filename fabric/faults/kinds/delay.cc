// Packets on a link arrive later, by a fixed time and a random one.
#include <fmt/format.h>

#include <algorithm>

#include "fabric/faults/fault_plan.h"
#include "protocol/math/math.h"

namespace soliton {
namespace {

constexpr Duration kMost = milliseconds(3'600'000);
// What the tails of distributions are cut off at, in multiples of `jitter`.
constexpr double kNormalMost = 4;
constexpr double kParetoMost = 20;
constexpr double kParetoShape = 3;

enum class Distribution : std::uint8_t { kUniform, kNormal, kPareto, kTable };
struct DelayOptions {
  Duration delay{}, jitter{};
  Distribution distribution = Distribution::kUniform;
  Probability correlation{};
  std::vector<std::int64_t> table;
};

constexpr FieldWord kDistributions[] = {
    word("uniform", Distribution::kUniform), word("normal", Distribution::kNormal),
    word("pareto", Distribution::kPareto), word("table", Distribution::kTable)};
constexpr Field kRows[] = {
    field<&DelayOptions::delay>("delay", "How much later every packet arrives.")
        .between(Duration{0}, kMost),
    field<&DelayOptions::jitter>(
        "jitter",
        "The unit of additional delays: of `uniform` their bound, of `normal` "
        "their standard deviation, of `pareto` their mean.")
        .between(Duration{0}, kMost),
    field<&DelayOptions::distribution>(
        "distribution",
        "Of additional delays: `uniform` from zero to jitter; `normal`, half of them zero, the "
        "others up to 4 x jitter; `pareto` of shape 3, from 0 to 20 x jitter; `table`.")
        .spelled(kDistributions)
        .if_changed(),
    field<&DelayOptions::correlation>(
        "correlation", "Chance that a packet has the additional delay of the one before.")
        .between(Probability{0}, Probability{1'000'000'000})
        .if_changed(),
    field<&DelayOptions::table>("table", "Of `table`: delays in percent of jitter, equally likely.")
        .between<std::int64_t>(0, 10'000)
        .up_to(10'000)
        .if_changed(),
};

void check(void* object, FieldCheck& check) {
  const auto& options = *static_cast<const DelayOptions*>(object);
  if (!check.has("delay") && !check.has("jitter")) check.error("", "needs delay, jitter or both");
  const bool listed = options.distribution == Distribution::kTable;
  if (listed == options.table.empty())
    check.error(check.has("table") ? "table" : "",
                listed ? "distribution table needs table" : "belongs to distribution: table");
  if ((check.has("distribution") || check.has("correlation")) && !check.has("jitter"))
    check.error(check.has("distribution") ? "distribution" : "correlation", "belongs to jitter");
}

constexpr FieldTable kFields = fields_of<DelayOptions>("fault_delay", kRows).ruled(&check);

class Delay final : public LinkEffect {
 public:
  explicit Delay(DelayOptions options) : o_(std::move(options)) {}
  LinkStage stage() const override { return LinkStage::kDelay; }

  // The additional delay of the packet before is LinkMemory::number.
  FaultAction act(const Encounter& m) const override {
    const bool again = o_.correlation.parts_per_billion > 0 && m.memory.state > 0 &&
                       m.chance.child(0).happens(m.crossing.ordinal, o_.correlation);
    m.memory.state = 1;
    if (!again)
      m.memory.number = static_cast<std::uint64_t>(drawn(m.chance, m.crossing.ordinal).count());
    const Duration random{static_cast<std::int64_t>(m.memory.number)};
    return {.what = FaultAction::What::kDelay, .late = sum(o_.delay, random)};
  }
  Duration most_delay() const override { return sum(o_.delay, most_random()); }
  std::string words() const override {
    return fmt::format("delayed its packets by {} and more", to_string(o_.delay));
  }

 private:
  Duration scaled(double factor) const {
    return Duration{static_cast<std::int64_t>(static_cast<double>(o_.jitter.count()) * factor)};
  }

  Duration most_random() const {
    switch (o_.distribution) {
      case Distribution::kUniform:
        return o_.jitter;
      case Distribution::kNormal:
        return scaled(kNormalMost);
      case Distribution::kPareto:
        return scaled(kParetoMost);
      case Distribution::kTable:
        return scaled(static_cast<double>(*std::ranges::max_element(o_.table)) / 100);
    }
    return o_.jitter;
  }

  Duration drawn(const Random& chance, std::uint64_t ordinal) const {
    if (o_.jitter <= Duration{}) return {};
    switch (o_.distribution) {
      case Distribution::kUniform:
        return Duration{static_cast<std::int64_t>(
            chance.below(ordinal, static_cast<std::uint64_t>(o_.jitter.count())))};
      case Distribution::kNormal:
        return scaled(std::clamp(chance.normal(ordinal), 0.0, kNormalMost));
      case Distribution::kPareto: {
        // From scale / (1 - u)^(1 / shape), whose mean is scale * shape / (shape - 1), less the scale: of
        // this the mean is scale / (shape - 1).
        const double beyond = math::pow(1 - chance.unit(ordinal), -1 / kParetoShape) - 1;
        return scaled(std::min(beyond * (kParetoShape - 1), kParetoMost));
      }
      case Distribution::kTable:
        return scaled(static_cast<double>(o_.table[chance.below(ordinal, o_.table.size())]) / 100);
    }
    return {};
  }

  DelayOptions o_;
};

}  // namespace

const FaultKind kDelayFault = {
    .name = "delay",
    .words = "packets on a link arrive later",
    .example = "{link, delay: 10 us, jitter: 5 us}",
    .short_path = "delay",
    .short_alias = "jitter",
    .whole_links = true,
    .must_hold = "D R L",
    .fields = kFields,
    .make = make_effect<Delay, DelayOptions, kFields>,
};

Settings delay_settings(const DelayFaultOptions& options) {
  const DelayOptions own{.delay = options.delay, .jitter = options.jitter};
  return collect(kFields, &own);
}

}  // namespace soliton
