// One run from a cluster file to results: prepare (no process yet), run, judge. The CLI and the
// sweep call this.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "cluster/engine/cluster_run.h"
#include "cluster/engine/launcher.h"
#include "cluster/results/results.h"
#include "cluster/spec/spec.h"
#include "cluster/workload/workload.h"
#include "partition/ir/npy.h"
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

// What is wanted of a cluster file before a process starts.
struct PrepareOptions {
  bool plan = true;        // false: everything but the search for a plan
  bool plan_only = false;  // a plan alone: the workload's files stay unread
  bool weights = true;     // false: none are made up for `model.rnn`; who only checks needs none
};

// Reads the file, builds the topology, resolves faults, reads model and workload, partitions. What
// `run` refuses is refused here, with the line that is the cause: stages that do not depend on each
// other are all tried, and all their errors come at once.
Checked<std::unique_ptr<PreparedRun>> prepare(const std::string& file, const Overrides& overrides,
                                              const DataRoot& data,
                                              const PrepareOptions& options = {});
Checked<std::unique_ptr<PreparedRun>> prepare(YamlFile yaml, const Overrides& overrides,
                                              const DataRoot& data,
                                              const PrepareOptions& options = {});

// The same of a spec that was read without errors.
Checked<std::unique_ptr<PreparedRun>> prepare(const ClusterSpec& spec);

// What the workload asks for: requests, or messages and rounds.
std::uint64_t asked_of(const ClusterSpec& spec);

struct FinishedRun {
  RunResults results;
  std::vector<TraceEvent> trace;
  std::optional<NpyArray> outputs;  // outputs: {save: all}
  std::optional<Error> error;       // why it is not complete
  int interrupted_by = 0;
};

// How the file wants its nodes to run.
Layout layout_of(const ClusterSpec& spec);

// The cluster of `run` with these assignments, in the file's way of running.
ClusterOutcome run_assignments(const PreparedRun& run, const std::vector<NodeAssignment>& nodes,
                               const RunControl& control);

// Launches, drives and judges. Never throws; nothing is left running.
FinishedRun execute_run(const PreparedRun& run, const RunControl& control);

}  // namespace soliton
