// `soliton bench partition`: the planner of priced graphs on large generated graphs and on given
// ones, beside simple planners and graph partitioners, in one run.
#pragma once

#include <string>
#include <vector>

#include "cluster/bench/bench_table.h"
#include "partition/priced/priced_graph.h"
#include "protocol/base/result.h"

namespace soliton {

struct NamedGraph {
  std::string name;
  priced::PricedGraph graph;
};

// The generated graphs and goals of docs/benchmarks.md.
BenchReport bench_partition();

// Each graph for each objective: our value beside its bound and the peers' values, and our time.
BenchReport bench_partition(const std::vector<NamedGraph>& graphs,
                            const std::vector<priced::Objective>& objectives);

}  // namespace soliton
