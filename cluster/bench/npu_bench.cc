#include "cluster/bench/npu_bench.h"

#include <stdlib.h>

#include "cluster/bench/contest.h"
#include "cluster/bench/gemv_bench.h"
#include "cluster/bench/layer_bench.h"

namespace soliton {

BenchReport bench_npu(const NpuBenchOptions& options) {
  BenchReport report;
  // Libraries choose cores and threads by themselves, unless the environment says otherwise.
  unsetenv("OPENBLAS_CORETYPE");
  unsetenv("OPENBLAS_L2_SIZE");
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  setenv("OMP_NUM_THREADS", "1", 1);
  if (!pin_to_this_core()) report.notes.emplace_back("not pinned to a core: figures may vary");
  const ContestOptions contest{options.rounds, options.seconds_a_turn};
  bench_gemv(options.peers_folder, contest, report);
  bench_layers(options.peers_folder, contest, report);
  bench_chains(contest, report);
  return report;
}

}  // namespace soliton
