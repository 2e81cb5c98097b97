#include "fabric/faults/port_faults.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {
namespace {

using What = FaultAction::What;

// Each turn ends a window of one of the rules that hold a packet. After so many it is let go: rules may take turns
// for ever.
constexpr int kTurnsMost = 10'000;

class OnlyAtPorts final : public LinkEffect {
 public:
  explicit OnlyAtPorts(std::string words) : words_(std::move(words)) {}
  LinkStage stage() const override { return LinkStage::kHold; }
  FaultAction act(const Encounter&) const override { return {}; }
  std::string words() const override { return words_; }

 private:
  std::string words_;
};

}  // namespace

std::unique_ptr<LinkEffect> only_at_ports(const FaultRule& rule) {
  return std::make_unique<OnlyAtPorts>(rule.kind->port(rule)->words());
}

PortFaults::PortFaults(const FaultPlan& plan, std::size_t links) {
  for (std::uint32_t r = 0; r < plan.rules.size(); ++r) {
    const FaultRule& rule = plan.rules[r];
    std::unique_ptr<PortEffect> effect = rule.port_effect();
    if (effect == nullptr) continue;
    planned_.push_back(std::make_unique<Planned>(
        Planned{r, rule.match, rule.when, plan.times(r), std::move(effect)}));
    by_hop_.resize(links * 2);
    for (const std::uint32_t link : rule.links) {
      SOLITON_CHECK_MSG(link < links, "rule {} names link {} of {}", rule.id, link, links);
      for (const std::uint8_t direction : {0, 1}) {
        if (!(direction == 0 ? rule.forward : rule.backward)) continue;
        std::vector<Rule>& rules = by_hop_[port_of({link, direction})].rules;
        const bool named_twice = !rules.empty() && rules.back().planned == planned_.back().get();
        if (!named_twice) rules.push_back({planned_.back().get()});
      }
    }
  }
}

std::optional<FaultWindow> PortFaults::in_force(const Rule& rule, Instant at) {
  const FaultSchedule& when = rule.planned->when;
  std::optional<FaultWindow> window;
  if (when.trigger != FaultTrigger::kPacket)
    window = rule.planned->times.last_begun(at);
  else if (rule.triggered)
    window = when.from_trigger(*rule.triggered);
  return window && window->holds(at) ? window : std::nullopt;
}

void PortFaults::count_for_trigger(Rule& rule, const Crossing& crossing) {
  const FaultSchedule& when = rule.planned->when;
  if (when.trigger == FaultTrigger::kPacket && !rule.triggered && ++rule.packets == when.count)
    rule.triggered = crossing.start;
}

PortFaults::Coming PortFaults::come(Hop hop, Crossing crossing, const PortState& port, bool at_card,
                                    FaultLedger& ledger) {
  Direction& direction = by_hop_[port_of(hop)];
  crossing.ordinal = direction.came++;
  Coming out{.ordinal = crossing.ordinal};
  for (Rule& rule : direction.rules) {
    if (!rule.planned->match.matches(crossing)) continue;
    count_for_trigger(rule, crossing);
    if (at_card) continue;
    const std::optional<FaultWindow> window = in_force(rule, crossing.start);
    if (!window) continue;
    const FaultAction action =
        rule.planned->effect->come({hop, crossing, port, *window, rule.memory});
    if (action.what == What::kNone) continue;
    FaultCounters& counters = ledger.counters[rule.planned->number];
    counters.hit(crossing.start);
    if (out.refused_by != kNoRule) continue;
    ledger.record({crossing.start, rule.planned->number, hop, crossing.ordinal, action});
    if (action.what == What::kRefuse) {
      ++counters.dropped;
      out.refused_by = static_cast<std::int32_t>(rule.planned->number);
    } else {
      ++counters.delayed;
      out.behind = std::max(out.behind, action.until());
    }
  }
  return out;
}

Instant PortFaults::held_until(Rule& rule, Hop hop, const Crossing& crossing,
                               const PortState& port) {
  if (!rule.planned->match.matches(crossing)) return {};
  const std::optional<FaultWindow> window = in_force(rule, crossing.start);
  if (!window) return {};
  return rule.planned->effect->held_until({hop, crossing, port, *window, rule.memory});
}

Instant PortFaults::first_start(Hop hop, Crossing crossing, const PortState& port, Instant at) {
  Direction& direction = by_hop_[port_of(hop)];
  crossing.start = at;
  for (int turn = 0;; ++turn) {
    Instant until = crossing.start;
    for (Rule& rule : direction.rules)
      until = std::max(until, held_until(rule, hop, crossing, port));
    if (until == crossing.start || turn == kTurnsMost) return until;
    crossing.start = until;
  }
}

PortFaults::Leaving PortFaults::start(Hop hop, Crossing crossing, const PortState& port,
                                      Instant wanted, FaultLedger& ledger) {
  Direction& direction = by_hop_[port_of(hop)];
  Leaving out;
  for (Rule& rule : direction.rules) {
    if (!rule.planned->match.matches(crossing)) continue;
    FaultCounters& counters = ledger.counters[rule.planned->number];
    const PortEffect& effect = *rule.planned->effect;
    // Of several rules that held it those count that did so to the end.
    if (wanted < crossing.start) {
      Crossing before = crossing;
      before.start = crossing.start - Duration{1};
      if (held_until(rule, hop, before, port) == crossing.start) {
        counters.hit(wanted);
        ++counters.delayed;
        FaultAction held{.what = What::kHold};
        held.set_until(crossing.start);
        ledger.record({wanted, rule.planned->number, hop, crossing.ordinal, held});
      }
    }
    const std::optional<FaultWindow> window = in_force(rule, crossing.start);
    if (!window) continue;
    const FaultAction action = effect.start({hop, crossing, port, *window, rule.memory});
    if (action.what == What::kNone) continue;
    counters.hit(crossing.start);
    if (out.flushed_by != kNoRule) continue;
    ledger.record({crossing.start, rule.planned->number, hop, crossing.ordinal, action});
    if (action.what == What::kFlush) {
      ++counters.dropped;
      out.flushed_by = static_cast<std::int32_t>(rule.planned->number);
    } else {
      ++counters.delayed;
      out.stretch = sum(out.stretch, action.late);
    }
  }
  return out;
}

}  // namespace soliton
