// The model of a run, on CPU parts and FPGAs: from a cluster file to a placement and a prediction.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cluster/workload/graph_workload.h"
#include "partition/place/place_graph.h"
#include "partition/plan/plan.h"
#include "partition/region/split_model.h"

namespace soliton {

struct PreparedRun;

// What is known of it before a process starts.
struct GraphRun {
  std::string name;  // of the model
  ir::Graph graph;
  GraphWorkload workload;
  ir::RequestShapes shapes;
  SplitModel split;  // what FPGAs run; without layers nothing
  PlacedGraph placed;
  bool on_fpgas() const { return !split.fpga.layers.empty(); }
  std::int64_t operations = 0;  // of one request: a multiply-add is two
};

// Imports or builds the model, reads its workload, places its operators and predicts a request; fills
// run.graph and run.plan. REQUIRES: run.spec, run.topology and run.routes. Errors: everything that
// the run would refuse, with its place in the cluster file.
struct GraphOptions {
  bool plan = true;     // false: nothing is predicted, as for a mere check; needs no routes
  bool weights = true;  // false: none are made for `model.rnn`
};
Diagnostics prepare_graph(PreparedRun& run, const GraphOptions& options);

// Operations of a request, as GraphRun::operations are those of the longest. REQUIRES: run.graph.
std::int64_t operations_of(const PreparedRun& run, std::uint32_t request);

}  // namespace soliton
