// `soliton bench npu`: compares the emulated arithmetic with the best libraries on the same
// machine, on one pinned core, in one run.
#pragma once

#include <string>

#include "cluster/bench/bench_table.h"
#include "protocol/base/result.h"

namespace soliton {

struct NpuBenchOptions {
  std::string peers_folder;  // with the module of npu_peers.h and onnxruntime_peer.mjs
  int rounds = 7;            // turns of each contestant. Higher: steadier figures
  double seconds_a_turn = 0.03;
};

// Products, recurrent layers, simulated chains. Peers that are not installed are omitted and named
// in the notes.
BenchReport bench_npu(const NpuBenchOptions& options);

}  // namespace soliton
