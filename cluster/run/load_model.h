// The model of a cluster file as a graph, with the requests of its workload.
#pragma once

#include <string>

#include "cluster/run/graph_run.h"

namespace soliton {

// Imports or builds the model and reads its workload: fills name, graph and workload of `out`, and
// records the files it reads. `weights`: false: none are made for model.rnn. Errors: with their place
// in the cluster file.
Diagnostics load_model(PreparedRun& run, bool weights, GraphRun& out);

// Where in the cluster file the data file stands whose path begins the message; else the model.
std::string position_of_data(const ClusterSpec& spec, const std::string& message);

}  // namespace soliton
