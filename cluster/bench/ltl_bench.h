// `soliton bench ltl`: LTL over its carriers beside bare carriers, sockets and messaging libraries,
// two processes on two cores, in turns within one run.
#pragma once

#include <string>

#include "cluster/bench/bench_table.h"
#include "protocol/base/result.h"

namespace soliton {

struct LtlBenchOptions {
  std::string peers_folder;      // with the program soliton_ltl_peers
  int rounds = 9;                // turns of each contestant. Higher: steadier figures
  bool more_peers = false;       // also those of soliton_ltl_long_peers
  double seconds_a_turn = 0.14;  // 200,000 round trips of UDP in all rounds
};

// Round trips and streams of 64 B and 4 KiB. Libraries that are not installed are left out and
// named in the notes. kEnvironment: there are fewer than two cores to pin to.
Result<BenchReport> bench_ltl(const LtlBenchOptions& options);

}  // namespace soliton
