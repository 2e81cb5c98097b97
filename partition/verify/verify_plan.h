// Checks a plan of a priced graph: whether it keeps the rules, is worth what it says, and claims no
// more than its bound; and, where the graph is small, whether the bound is one. Nothing of the
// search is called (tests/link).
#pragma once

#include <optional>
#include <string>

#include "partition/priced/read_priced.h"
#include "partition/verify/brute_force.h"
#include "protocol/base/result.h"

namespace soliton::verify {

// A plan as its file states it.
struct StatedPlan {
  priced::PlannedGraph planned;
  std::optional<double> gap;
};
// `text` is plan.json of `soliton plan --graph`, and `file` its name in messages. kInvalid: it is
// no such plan, each error with its place.
Checked<StatedPlan> read_plan(const std::string& text, const std::string& file);

struct Verification {
  std::string difference;                // the first one, a sentence; "" if all agrees
  std::optional<BestOfAll> best_of_all;  // where the graph is small and the rules are kept
};
// In this order: places, memory, circles, value, bound, gap, verdict, class, and the bound against
// the best of all assignments.
Verification verify_plan(const StatedPlan& plan);

}  // namespace soliton::verify
