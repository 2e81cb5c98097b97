// From a schedule that violates something to a small one that still does.
//
// Rules are left out (shrink.h), then single decisions of those that are left, then requests. Where
// single decisions do not fail alike, or too many are left, rules remain and their windows are cut
// shorter.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "cluster/chaos/chaos_stage.h"

namespace soliton {

struct SmallerOptions {
  std::size_t tries = 400;  // trials at most
  std::chrono::seconds longest{60};
  std::function<void()> in_trial;  // as ChaosOptions::in_trial
  std::function<bool()> enough;    // asked before each trial: what was found so far is the result
};

struct SmallerSchedule {
  ChaosSchedule schedule;
  ChaosViolation violation;  // of it
  Duration allowed{};        // ChaosTrial::allowed
  std::size_t tries = 0;
};

// Error: kCheckFailed, when the rules do not violate `invariant` (any more).
Result<SmallerSchedule> smaller_schedule(ChaosStage& stage, std::vector<ChaosRule> rules,
                                         const std::string& invariant,
                                         const SmallerOptions& options);

}  // namespace soliton
