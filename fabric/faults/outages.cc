#include "fabric/faults/outages.h"

#include <algorithm>

namespace soliton {

std::vector<Outage> outages_of(const FaultPlan& plan) {
  std::vector<Outage> out;
  for (std::size_t r = 0; r < plan.rules.size(); ++r) {
    const FaultRule& rule = plan.rules[r];
    if (!rule.effect()->cuts() || rule.match != PacketMatch{}) continue;
    FaultTimes times = plan.times(r);
    std::optional<FaultWindow> window = times.window(0);
    for (std::uint64_t i = 0; window && window->from < plan.until; window = times.window(++i))
      out.push_back({rule.links, rule.forward, rule.backward, window->from, window->until});
  }
  return out;
}

}  // namespace soliton
