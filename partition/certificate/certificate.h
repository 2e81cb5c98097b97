// What a search has proved about a plan, put as the plan's certificate. Plain functions of values:
// whoever doubts a certificate can make it again from what the search counted.
#pragma once

#include <cstdint>
#include <string>

#include "partition/plan/plan.h"

namespace soliton {

// The outcome of a search. Bounds hold for every plan of the class that was searched; 0: none is
// known.
struct SearchOutcome {
  Objective objective = Objective::kLatency;
  Duration sla{};  // limit of latency for objective `nodes`; 0: none
  // Of the plan that was chosen.
  Duration latency{};
  Duration interval{};
  std::size_t nodes = 1;
  // Every plan was played or bounded: none is better than the chosen one.
  bool complete = false;
  Duration latency_bound{};
  Duration interval_bound{};
  std::size_t nodes_bound = 1;
  std::int64_t played = 0;    // plans
  std::int64_t branches = 0;  // beginnings of plans that were looked at
  std::string cost_model;     // version of what plans were compared by
};

Certificate certify(const SearchOutcome& outcome);

// The SLA that the chosen plan misses, and whether any plan could meet it; "" if none is missed.
std::string missed_words(const SearchOutcome& outcome);

}  // namespace soliton
