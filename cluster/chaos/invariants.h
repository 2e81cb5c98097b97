// What must hold of a run under faults, whatever they were: a function of what the run left.
#pragma once

#include <span>
#include <vector>

#include "cluster/chaos/chaos_trial.h"
#include "cluster/run/run.h"
#include "node/shell/message_history.h"

namespace soliton {

// The run without faults that others are held against.
struct ChaosGauge {
  Duration span{};                    // its emulated time
  std::optional<std::string> sha256;  // of its outputs
  std::int64_t checked = 0;           // of them, compared
  std::uint64_t nacks = 0, resends = 0;
};

ChaosGauge gauge_of(const ChaosTrial& clean);

// When the last rule of the plan ends, and when the last fault has had its last effect: packets that a rule
// delays or repeats come after its end.
Instant last_end(const FaultPlan& plan);
Instant healed_by(const FaultPlan& plan);

// How long after that a run may take, beside twice the time of one without faults (rates that marks have
// cut grow again slowly): 50 of the transport's timeouts. Probes that follow each other ever more slowly
// are still within it.
Duration patience_of(const ClusterSpec& spec);
// By when a run has to be done.
Instant done_by(const PreparedRun& run, const ChaosGauge& gauge);

// In the order of docs/faults.md#chaos; empty: all holds.
std::vector<ChaosViolation> violations_of(const PreparedRun& run, const FinishedRun& finished,
                                          std::span<const MessageEvent> history,
                                          const ChaosGauge& gauge);

}  // namespace soliton
