#include "partition/certificate/certificate.h"

#include <fmt/format.h>

#include "protocol/base/quantity.h"

namespace soliton {
namespace {

// Rounded up, so that the words never claim more than the bound.
std::string within(std::int64_t value, std::int64_t bound) {
  if (bound <= 0) return "no proof";
  if (value <= bound) return "optimal";
  const __int128 hundredths = (static_cast<__int128>(value - bound) * 10'000 + bound - 1) / bound;
  const auto shown = static_cast<std::int64_t>(hundredths);
  return fmt::format("within {}.{:02} %", shown / 100, shown % 100);
}

bool misses_sla(const SearchOutcome& it) {
  return it.objective == Objective::kNodes && it.sla.count() > 0 && it.latency > it.sla;
}

}  // namespace

// Objective `nodes` is about two things in turn. While the SLA can be met the number of nodes is what
// counts, and its bound is one of nodes; if it is missed, the plan is the one of least latency, and
// latency is what the verdict is about.
Certificate certify(const SearchOutcome& it) {
  const bool throughput = it.objective == Objective::kThroughput;
  const bool about_nodes = it.objective == Objective::kNodes && !misses_sla(it);
  Certificate out;
  out.objective = objective_name(it.objective);
  out.value = throughput ? it.interval : it.latency;
  out.lower_bound = throughput ? it.interval_bound : it.latency_bound;
  out.nodes_bound = static_cast<std::int64_t>(it.nodes_bound);
  out.plan_class = it.chain ? "contiguous" : "given order";
  if (it.constrained) out.plan_class += " within constraints";
  out.cost_model = it.cost_model;
  if (it.given) {
    out.plan_class = "given plan";
    out.verdict = "no proof";
    out.method = "the given plan was played";
    return out;
  }
  out.states = it.branches;
  out.method = fmt::format("{}; {} plans played, {} branches",
                           it.complete ? "every plan played or bounded" : "chain search", it.played,
                           it.branches);
  if (!it.complete) {
    out.verdict = about_nodes ? within(static_cast<std::int64_t>(it.nodes), out.nodes_bound)
                              : within(out.value.count(), out.lower_bound.count());
    return out;
  }
  out.verdict = "optimal";
  if (it.objective != Objective::kNodes) out.lower_bound = out.value;
  if (about_nodes) out.nodes_bound = static_cast<std::int64_t>(it.nodes);
  return out;
}

std::string missed_words(const SearchOutcome& it) {
  if (!misses_sla(it)) return "";
  if (it.given)
    return fmt::format("SLA {} is not met by the given plan: {} on {} node{}", to_string(it.sla),
                       to_string(it.latency), it.nodes, it.nodes == 1 ? "" : "s");
  const Duration bound = it.complete ? it.latency : it.latency_bound;
  const bool proved = bound > it.sla;
  return fmt::format("SLA {} {}: lower bound {} ({}); best found {} on {} node{}",
                     to_string(it.sla), proved ? "cannot be met" : "is not met (no proof)",
                     to_string(bound), it.complete ? "every plan" : "of every plan",
                     to_string(it.latency), it.nodes, it.nodes == 1 ? "" : "s");
}

}  // namespace soliton
