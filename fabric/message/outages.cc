#include "fabric/message/outages.h"

#include <algorithm>

namespace soliton {

Outages::Outages(const FaultPlan& plan, std::size_t links)
    : by_port_(links * 2), counters_(plan.rules.size()) {
  for (std::uint32_t r = 0; r < plan.rules.size(); ++r) {
    const FaultRule& rule = plan.rules[r];
    if (!rule.effect()->cuts()) continue;
    FaultTimes times = plan.times(r);
    std::optional<FaultWindow> window = times.window(0);
    for (std::uint64_t i = 0; window && window->from < plan.until; window = times.window(++i))
      if (window->from < window->until) add(rule, {*window, r});
  }
  for (std::vector<Outage>& outages : by_port_)
    std::ranges::stable_sort(outages, {}, [](const Outage& o) { return o.window.from; });
}

void Outages::add(const FaultRule& rule, const Outage& outage) {
  for (const std::uint32_t link : rule.links)
    for (const std::uint8_t direction : {0, 1})
      if (direction == 0 ? rule.forward : rule.backward)
        by_port_[port_of({link, direction})].push_back(outage);
}

// In order of their beginnings each outage moves the start at most once: one that an earlier one
// has moved it behind does not hold it.
template <typename Visit>
Instant Outages::follow(Hop hop, Instant start, Duration length, Visit visit) const {
  for (const Outage& outage : by_port_[port_of(hop)]) {
    const auto& [from, until] = outage.window;
    if (until <= start || later(start, length) <= from) continue;
    visit(outage, start);
    start = until;
    if (start == kNever) break;
  }
  return start;
}

Instant Outages::up(Hop hop, Instant start, Duration length) const {
  return follow(hop, start, length, [](const Outage&, Instant) {});
}

void Outages::count(Hop hop, Instant start, Duration length, std::uint32_t packets,
                    bool led_around) {
  follow(hop, start, length, [&](const Outage& outage, Instant at) {
    FaultCounters& counters = counters_[outage.rule];
    for (std::uint32_t i = 0; i < packets; ++i) counters.hit(at);
    const bool lost = outage.window.until == kNever && !led_around;
    (lost ? counters.dropped : counters.delayed) += packets;
  });
}

}  // namespace soliton
