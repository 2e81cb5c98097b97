// `soliton bench fabric`: how fast clusters are emulated, beside ns-3 and SimGrid where they are
// installed, what many nodes cost, and whether the network agrees with ns-3's.
#pragma once

#include <string>

#include "cluster/bench/bench_table.h"
#include "cluster/file/spec.h"
#include "protocol/base/result.h"

namespace soliton {

struct FabricBenchOptions {
  std::string peers_folder;  // with soliton_ns3_network and soliton_simgrid_network
  std::string node_program;
  DataRoot data;
  int rounds = 3;  // of every contestant, in turns; medians count
};

// Error: a run of ours failed.
Result<BenchReport> bench_fabric(const FabricBenchOptions& options);

}  // namespace soliton
