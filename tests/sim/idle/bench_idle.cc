// What idle packed nodes cost: peak memory of the process, and CPU time.
//
//   bench_idle [nodes [topology]]        default 16384 datacenter
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdlib>

#include "tests/sim/idle/idle_cluster.h"

namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

int main(int argc, char** argv) {
  const int nodes = argc > 1 ? std::atoi(argv[1]) : 16'384;
  const std::string topology = argc > 2 ? argv[2] : "datacenter";
  if (nodes < 2) return 2;
  const soliton::ClusterOutcome outcome =
      soliton::run_idle(static_cast<std::uint32_t>(nodes), topology);
  if (outcome.error) {
    fmt::print("{}\n", outcome.error->message);
    return 1;
  }
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  fmt::print("{} idle nodes ({}): {:.0f} MiB, {:.2f} s of CPU (user {:.2f}, system {:.2f})\n",
             nodes, topology, static_cast<double>(used.ru_maxrss) / 1024,
             seconds(used.ru_utime) + seconds(used.ru_stime), seconds(used.ru_utime),
             seconds(used.ru_stime));
  return 0;
}
