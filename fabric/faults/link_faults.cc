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
        const bool named_twice = !by_hop_[at].empty() && by_hop_[at].back().number == r;
        if (!named_twice) by_hop_[at].push_back({r, stream.child(at)});
      }
    }
  }
}

bool LinkFaults::loses(Rule& rule, std::uint64_t ordinal) const {
  const FaultRule& said = plan_.rules[rule.number];
  const bool lost = rule.chance.happens(ordinal, said.loss) &&
                    (said.max_burst == 0 || rule.burst < said.max_burst);
  rule.burst = lost ? rule.burst + 1 : 0;
  return lost;
}

bool LinkFaults::drops(Rule& rule, const Crossing& crossing) const {
  const FaultRule& said = plan_.rules[rule.number];
  if (said.kind == FaultKind::kLoss)
    return in_force(said, crossing.start) && loses(rule, crossing.ordinal);
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
  std::vector<Rule>& rules = by_hop_[position(hop)];
  std::int32_t down = kNoRule;
  std::int32_t lost = kNoRule;
  for (Rule& rule : rules) {
    if (!drops(rule, crossing)) continue;
    ++counters_[rule.number].hits;
    std::int32_t& first = plan_.rules[rule.number].kind == FaultKind::kLinkDown ? down : lost;
    if (first == kNoRule) first = static_cast<std::int32_t>(rule.number);
  }
  FaultVerdict verdict{.dropped_by = down != kNoRule ? down : lost};
  if (verdict.dropped()) ++counters_[static_cast<std::size_t>(verdict.dropped_by)].dropped;
  for (const Rule& rule : rules) {
    const FaultRule& said = plan_.rules[rule.number];
    if (said.kind != FaultKind::kDelay || !in_force(said, crossing.start)) continue;
    ++counters_[rule.number].hits;
    if (verdict.dropped()) continue;
    ++counters_[rule.number].delayed;
    verdict.extra_delay = sum(verdict.extra_delay, delay(rule, crossing.ordinal));
  }
  return verdict;
}

}  // namespace soliton
