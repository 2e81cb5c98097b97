#include "fabric/faults/outages.h"

namespace soliton {

std::vector<Outage> outages_of(const FaultPlan& plan) {
  std::vector<Outage> out;
  for (const FaultRule& rule : plan.rules)
    if (rule.effect()->cuts())
      out.push_back({rule.links, rule.forward, rule.backward, rule.from, rule.until});
  return out;
}

}  // namespace soliton
