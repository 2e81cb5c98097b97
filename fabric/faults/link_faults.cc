#include "fabric/faults/link_faults.h"

#include "protocol/base/check.h"

namespace soliton {

std::string fault_kind_name(FaultKind kind) {
  switch (kind) {
    case FaultKind::kLoss:
      return "loss";
    case FaultKind::kDelay:
      return "delay";
    case FaultKind::kLinkDown:
      return "link_down";
  }
  return "unknown";
}

namespace {

bool in_force(const FaultRule& rule, Instant at) { return rule.from <= at && at < rule.until; }

}  // namespace

void FaultCounters::merge(const FaultCounters& other) {
  add_counters(kFaultCountFields, &other, this);
  if (other.first) first = std::min(first.value_or(*other.first), *other.first);
  if (other.last) last = std::max(last.value_or(*other.last), *other.last);
}

LinkFaults::LinkFaults(const FaultPlan& plan, std::size_t links)
    : plan_(plan), by_hop_(links * 2), counters_(plan.rules.size()) {
  for (std::uint32_t r = 0; r < plan_.rules.size(); ++r) {
    const FaultRule& rule = plan_.rules[r];
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

bool LinkFaults::drops(const Rule& rule, std::uint64_t burst, const Crossing& crossing) const {
  const FaultRule& said = plan_.rules[rule.number];
  if (said.kind == FaultKind::kLoss)
    return in_force(said, crossing.start) && (said.max_burst == 0 || burst < said.max_burst) &&
           rule.chance.happens(crossing.ordinal, said.loss);
  if (said.kind != FaultKind::kLinkDown) return false;
  const bool cut_on_the_way =
      crossing.start < said.from && said.from < crossing.end && said.from < said.until;
  return in_force(said, crossing.start) || cut_on_the_way;
}

Duration LinkFaults::delay(const Rule& rule, std::uint64_t ordinal) const {
  const FaultRule& said = plan_.rules[rule.number];
  if (said.jitter <= Duration{}) return said.delay;
  const auto jitter = rule.chance.below(ordinal, static_cast<std::uint64_t>(said.jitter.count()));
  return said.delay + Duration{static_cast<std::int64_t>(jitter)};
}

FaultVerdict LinkFaults::judge(Hop hop, const Crossing& crossing) {
  Direction& direction = by_hop_[position(hop)];
  std::int32_t down = kNoRule;
  std::int32_t lost = kNoRule;
  for (const Rule& rule : direction.rules) {
    if (!drops(rule, direction.burst, crossing)) continue;
    counters_[rule.number].hit(crossing.start);
    std::int32_t& first = plan_.rules[rule.number].kind == FaultKind::kLinkDown ? down : lost;
    if (first == kNoRule) first = static_cast<std::int32_t>(rule.number);
  }
  FaultVerdict verdict{.dropped_by = down != kNoRule ? down : lost};
  direction.burst = verdict.dropped() ? direction.burst + 1 : 0;
  if (verdict.dropped()) ++counters_[static_cast<std::size_t>(verdict.dropped_by)].dropped;
  for (const Rule& rule : direction.rules) {
    const FaultRule& said = plan_.rules[rule.number];
    if (said.kind != FaultKind::kDelay || !in_force(said, crossing.start)) continue;
    counters_[rule.number].hit(crossing.start);
    if (verdict.dropped()) continue;
    ++counters_[rule.number].delayed;
    verdict.extra_delay = sum(verdict.extra_delay, delay(rule, crossing.ordinal));
  }
  return verdict;
}

}  // namespace soliton
