// Turns what a search has proved about a plan into the plan's certificate. Plain functions of
// values, so a certificate can be checked by making it again from what the search counted.
#pragma once

#include <cstdint>
#include <string>

#include "partition/plan/plan.h"

namespace soliton {

// The outcome of a search. A bound holds for every plan of the class that was searched; 0 if none
// is known.
struct SearchOutcome {
  Objective objective = Objective::kLatency;
  Duration sla{};  // latency limit for objective `nodes`; 0: none
  // Of the chosen plan.
  Duration latency{};
  Duration interval{};
  std::size_t nodes = 1;
  // Every plan was played or bounded, and none is better than the chosen one.
  bool complete = false;
  bool chain =
      false;  // each layer reads the one before; else plans keep the order in which they are listed
  bool constrained = false;  // the class leaves out plans that break PlanConstraints
  bool given = false;        // the plan was given, and nothing was searched
  Duration latency_bound{};
  Duration interval_bound{};
  std::size_t nodes_bound = 1;
  std::int64_t played = 0;    // number of plans played
  std::int64_t branches = 0;  // beginnings of plans that were examined
  std::string cost_model;     // version of the cost model by which plans were compared
};

Certificate certify(const SearchOutcome& outcome);

// Names the SLA that the chosen plan misses and says whether any plan could meet it; "" if it
// misses none.
std::string missed_words(const SearchOutcome& outcome);

}  // namespace soliton
