// One run from a cluster file to results: prepare (no process yet), run, judge. The CLI and the
// sweep call this.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "cluster/engine/cluster_run.h"
#include "cluster/results/results.h"
#include "cluster/spec/spec.h"
#include "cluster/workload/workload.h"
#include "partition/search/partition.h"

namespace soliton {

// Everything that is known before a process starts. Not movable: routes and shards are referred to.
// Of a communication workload model, workload and plan stay empty.
struct PreparedRun {
  ClusterSpec spec;
  Model model;
  Topology topology;
  std::unique_ptr<Routes> routes;
  FaultPlan faults;
  Workload workload;
  Plan plan;
};

// Builds the topology, resolves faults, reads model and workload, partitions. All errors of a stage
// at once; `plan_only` leaves the workload's files unread.
Checked<std::unique_ptr<PreparedRun>> prepare_run(const ClusterSpec& spec, bool plan_only = false);

// What the workload asks for: requests, or messages and rounds.
std::uint64_t asked_of(const ClusterSpec& spec);

struct FinishedRun {
  RunResults results;
  std::vector<TraceEvent> trace;
  std::optional<Error> error;  // why it is not complete
  int interrupted_by = 0;
};

// The cluster of `run` with these assignments, in the file's way of running.
ClusterOutcome run_assignments(const PreparedRun& run, const std::vector<NodeAssignment>& nodes,
                               const RunControl& control);

// Launches, drives and judges. Never throws; nothing is left running.
FinishedRun execute_run(const PreparedRun& run, const RunControl& control);

}  // namespace soliton
