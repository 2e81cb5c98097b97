#include "fabric/faults/link_faults.h"

#include <algorithm>

#include "protocol/base/chaos_site.h"
#include "protocol/base/check.h"
#include "protocol/base/counters.h"

namespace soliton {

void FaultCounters::merge(const FaultCounters& other) {
  add_counters(kFaultCountFields, &other, this);
  if (other.first) first = std::min(first.value_or(*other.first), *other.first);
  if (other.last) last = std::max(last.value_or(*other.last), *other.last);
}

LinkFaults::LinkFaults(const FaultPlan& plan, std::size_t links)
    : plan_(plan), by_hop_(links * 2), ports_(plan, links) {
  ledger_.counters.resize(plan.rules.size());
  for (std::uint32_t r = 0; r < plan_.rules.size(); ++r) {
    const FaultRule& rule = plan_.rules[r];
    effects_.push_back(rule.effect());
    times_.push_back(plan_.times(r));
    if (rule.port_effect() != nullptr) continue;
    const Random stream = plan_.chance(r);
    for (const std::uint32_t link : rule.links) {
      SOLITON_CHECK_MSG(link < links, "rule {} names link {} of {}", rule.id, link, links);
      for (const std::uint8_t direction : {0, 1}) {
        if (!(direction == 0 ? rule.forward : rule.backward)) continue;
        const std::size_t at = port_of({link, direction});
        std::vector<Rule>& rules = by_hop_[at].rules;
        const bool named_twice = !rules.empty() && rules.back().number == r;
        if (!named_twice) rules.push_back({r, stream.child(at)});
      }
    }
  }
  for (Direction& direction : by_hop_)
    std::ranges::stable_sort(direction.rules, {},
                             [&](const Rule& rule) { return effects_[rule.number]->stage(); });
}

std::optional<FaultWindow> LinkFaults::in_force(Rule& rule, const Crossing& crossing) {
  const FaultSchedule& when = plan_.rules[rule.number].when;
  if (when.trigger == FaultTrigger::kPacket) {
    if (!rule.triggered && ++rule.packets == when.count) rule.triggered = crossing.start;
    if (!rule.triggered) return std::nullopt;
    const FaultWindow window = when.from_trigger(*rule.triggered);
    return window.holds(crossing.start) ? std::optional(window) : std::nullopt;
  }
  // A cut also hits what is on the wire, so the window is the last one that begins before the packet's end.
  const bool cuts = effects_[rule.number]->cuts();
  const Instant last = cuts ? std::max(crossing.start, crossing.end - Duration{1}) : crossing.start;
  const std::optional<FaultWindow> window = times_[rule.number].last_begun(last);
  if (!window || window->from >= window->until) return std::nullopt;
  if (SOLITON_PLANTED(kHealNotApplied) && cuts) return window;
  return window->from > crossing.start || window->holds(crossing.start) ? window : std::nullopt;
}

FaultVerdict LinkFaults::judge(Hop hop, const Crossing& crossing) {
  Direction& direction = by_hop_[port_of(hop)];
  FaultVerdict verdict;
  for (Rule& rule : direction.rules) {
    if (!plan_.rules[rule.number].match.matches(crossing)) continue;
    const std::optional<FaultWindow> window = in_force(rule, crossing);
    if (!window) continue;
    const FaultAction action = effects_[rule.number]->act(
        {hop, crossing, *window, direction.burst, rule.chance, rule.memory});
    if (action.what != FaultAction::What::kNone) take(rule, hop, crossing, action, verdict);
  }
  direction.burst = verdict.dropped() ? direction.burst + 1 : 0;
  if (verdict.dropped()) verdict = {.dropped_by = verdict.dropped_by};
  return verdict;
}

void LinkFaults::take(const Rule& rule, Hop hop, const Crossing& crossing,
                      const FaultAction& action, FaultVerdict& verdict) {
  using What = FaultAction::What;
  FaultCounters& counters = ledger_.counters[rule.number];
  counters.hit(crossing.start);
  if (verdict.dropped()) return;
  ledger_.record({crossing.start, rule.number, hop, crossing.ordinal, action});
  switch (action.what) {
    case What::kDrop:
      ++counters.dropped;
      verdict.dropped_by = static_cast<std::int32_t>(rule.number);
      return;
    case What::kDelay:
      ++counters.delayed;
      verdict.extra_delay = sum(verdict.extra_delay, action.late);
      return;
    case What::kDuplicate:
      counters.duplicated += action.count;
      for (std::uint32_t copy = 1; copy <= action.count; ++copy)
        verdict.copies.push_back(times(action.late, copy));
      return;
    case What::kMark:
    case What::kStrip:
      ++counters.marked;
      break;
    case What::kMisroute:
      ++counters.misrouted;
      break;
    default:
      ++counters.corrupted;
      break;
  }
  verdict.changes.push_back(action);
}

}  // namespace soliton
