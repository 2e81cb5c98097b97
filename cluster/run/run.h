// One run from a cluster file to results: prepare (starts no process), run, judge.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cluster/engine/cluster_run.h"
#include "cluster/engine/launcher.h"
#include "cluster/file/spec.h"
#include "cluster/results/results.h"
#include "cluster/run/copies.h"
#include "cluster/run/graph_run.h"
#include "partition/ir/npy.h"
#include "partition/search/partition.h"

namespace soliton {

struct PreparedRun;

// The same run with the model divided anew, for when a node is lost and none can take its place.
struct Replan {
  std::uint32_t lost = 0;  // node
  std::unique_ptr<PreparedRun> run;
};

// Everything that is known before a process starts. Do not move it: other objects refer to its
// routes and shards. Graph and plan stay empty for a communication workload.
struct PreparedRun {
  ClusterSpec spec;
  Topology topology;
  std::unique_ptr<Routes> routes;  // of the whole network, for plans and predictions
  FaultPlan faults;
  std::unique_ptr<Routes> live_routes;  // the same around what `faults` take down
  Plan plan;
  std::optional<GraphRun> graph;  // the model with its workload
  std::vector<CopyPlace> copies;  // of the model; the first is where the plan is
  std::vector<Replan> replans;    // of a run with a resource manager; at most one for each node
  // Of several services this is the first one, and these are the others, each as if it were alone.
  std::vector<std::unique_ptr<PreparedRun>> others;
  std::set<std::string> barred;  // nodes that its model may not use: of other services
};

// The services of a run, itself the first: one for a file without a list.
std::vector<const PreparedRun*> services_of(const PreparedRun& run);
// Whether the file has several copies, hosts or services, or limits what may be open: then results tell of
// each service, and rows of requests say whose they are.
bool tells_of_services(const ClusterSpec& spec);

// How much of a cluster file to prepare.
struct PrepareOptions {
  bool plan = true;        // false: all except the search for a plan
  bool plan_only = false;  // only a plan, of which a communication workload has none
  bool weights = true;     // false: generate none for `model.rnn`, as for a mere check
  bool replans = true;     // false: no other divisions of the model
};

// Reads the file, builds the topology, resolves faults, reads model and workload, partitions.
// Everything that `run` refuses is refused here, with the line of the file at fault. Steps that do
// not depend on each other are all tried, and their errors reported together.
Checked<std::unique_ptr<PreparedRun>> prepare(const std::string& file, const Overrides& overrides,
                                              const DataRoot& data,
                                              const PrepareOptions& options = {});
Checked<std::unique_ptr<PreparedRun>> prepare(YamlFile yaml, const Overrides& overrides,
                                              const DataRoot& data,
                                              const PrepareOptions& options = {});

// The same for a spec that was read without errors.
Checked<std::unique_ptr<PreparedRun>> prepare(const ClusterSpec& spec);

// The same without other divisions of the model.
Checked<std::unique_ptr<PreparedRun>> prepare_plan(const ClusterSpec& spec);

// Number of requests, or of messages and rounds, that the workload asks for.
std::uint64_t asked_of(const ClusterSpec& spec);

struct FinishedRun {
  RunResults results;
  std::vector<TraceEvent> trace;
  // outputs: {save: all}, by name of the output; "" for that of a model with one.
  std::vector<std::pair<std::string, NpyArray>> outputs;
  std::optional<Error> error;  // why the run is not complete
  int interrupted_by = 0;
};

// The layout that the cluster file and the command line ask for. It refers to `engine`.
Layout layout_of(const ClusterSpec& spec, std::string_view engine);

// Runs the cluster of `run` with these assignments, in the layout of the file and `control`. If no
// launcher serves it, nothing is started and the outcome has an error.
ClusterOutcome run_assignments(const PreparedRun& run, const std::vector<NodeAssignment>& nodes,
                               const RunControl& control);

// Launches the cluster, drives it and judges its answers. Never throws; no process is left running.
FinishedRun execute_run(const PreparedRun& run, const RunControl& control);

}  // namespace soliton
