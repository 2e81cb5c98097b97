#include "fabric/faults/link_faults.h"

#include "protocol/base/check.h"
#include "protocol/base/counters.h"

namespace soliton {

void FaultCounters::merge(const FaultCounters& other) {
  add_counters(kFaultCountFields, &other, this);
  if (other.first) first = std::min(first.value_or(*other.first), *other.first);
  if (other.last) last = std::max(last.value_or(*other.last), *other.last);
}

LinkFaults::LinkFaults(const FaultPlan& plan, std::size_t links)
    : plan_(plan), by_hop_(links * 2), counters_(plan.rules.size()) {
  for (std::uint32_t r = 0; r < plan_.rules.size(); ++r) {
    const FaultRule& rule = plan_.rules[r];
    effects_.push_back(rule.effect());
    const Random stream(plan_.seed, "fault/" + rule.id);
    for (const std::uint32_t link : rule.links) {
      SOLITON_CHECK_MSG(link < links, "rule {} names link {} of {}", rule.id, link, links);
      for (const std::uint8_t direction : {0, 1}) {
        if (!(direction == 0 ? rule.forward : rule.backward)) continue;
        const std::size_t at = position({link, direction});
        std::vector<Rule>& rules = by_hop_[at].rules;
        const bool named_twice = !rules.empty() && rules.back().number == r;
        if (!named_twice) rules.push_back({r, stream.child(at)});
      }
    }
  }
}

FaultVerdict LinkFaults::judge(Hop hop, const Crossing& crossing) {
  Direction& direction = by_hop_[position(hop)];
  std::int32_t down = kNoRule;
  std::int32_t lost = kNoRule;
  for (const Rule& rule : direction.rules) {
    const LinkEffect& effect = *effects_[rule.number];
    const FaultWindow when = plan_.rules[rule.number].window();
    if (!effect.drops(when, crossing, direction.burst, rule.chance)) continue;
    counters_[rule.number].hit(crossing.start);
    std::int32_t& first = effect.cuts() ? down : lost;
    if (first == kNoRule) first = static_cast<std::int32_t>(rule.number);
  }
  FaultVerdict verdict{.dropped_by = down != kNoRule ? down : lost};
  direction.burst = verdict.dropped() ? direction.burst + 1 : 0;
  if (verdict.dropped()) ++counters_[static_cast<std::size_t>(verdict.dropped_by)].dropped;
  for (const Rule& rule : direction.rules) {
    const LinkEffect& effect = *effects_[rule.number];
    if (!effect.delays() || !plan_.rules[rule.number].window().holds(crossing.start)) continue;
    counters_[rule.number].hit(crossing.start);
    if (verdict.dropped()) continue;
    ++counters_[rule.number].delayed;
    verdict.extra_delay = sum(verdict.extra_delay, effect.delay(crossing.ordinal, rule.chance));
  }
  return verdict;
}

}  // namespace soliton
