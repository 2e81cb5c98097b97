// What queueing theory says of every run, and of the one queue that it has a formula for.
//
// Little's law (L = lambda W) and the utilisation law (U = X S): D. A. Menasce, V. A. F. Almeida,
// "Capacity Planning for Web Services", chapter 3. The mean wait of M/D/1, rho S / (2 (1 - rho)):
// Pollaczek and Khinchine.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "cluster/engine/control_loop.h"
#include "cluster/results/statistics.h"
#include "cluster/run/run.h"
#include "tests/cluster_text.h"

namespace soliton {
namespace {

const DataRoot kData{SOLITON_SOURCE_DIR};

RunResults play(const ClusterSpec& spec) {
  Checked<std::unique_ptr<PreparedRun>> prepared = prepare(spec);
  if (!prepared) throw std::runtime_error(prepared.error().text());
  ControlLoop loop;
  RunControl control;
  control.loop = &loop;
  control.time_limit = (*prepared)->spec.time_limit;
  FinishedRun finished = execute_run(**prepared, control);
  if (finished.error) throw std::runtime_error(finished.error->message);
  return std::move(finished.results);
}

struct Shipped {
  const char* file;
  Overrides overrides;
};
std::vector<Shipped> shipped() {
  const Overrides poisson = {"workload.arrival=poisson", "workload.rate=9 k/s"};
  return {{"configs/quickstart.yaml", {}},
          {"configs/quickstart.yaml", {"workload.clients=5"}},
          {"configs/deepbench/lstm-256-t150.yaml", {}},
          {"configs/deepbench/gru-700-t100-bw-s5.yaml", {"workload.clients=3"}},
          {"configs/experiments/scaling-base.yaml",
           {"partition.min_nodes=4", "partition.max_nodes=4", "workload.clients=3"}},
          {"configs/experiments/persistent-vs-streaming-base.yaml", poisson}};
}

RunResults play(const Shipped& one) {
  Overrides overrides = one.overrides;
  for (const char* more : {"processes=packed", "compute=timing", "workload.requests=60", "expect="})
    overrides.push_back(more);
  const Checked<ClusterSpec> spec = read_cluster(kData.path + "/" + one.file, overrides, kData);
  if (!spec) throw std::runtime_error(spec.error().text());
  return play(*spec);
}

// Requests under way at an instant, integrated from the first send to the last answer.
double mean_under_way(const RunResults& results) {
  std::map<Instant, int> changes;
  for (const RequestRecord& r : results.requests) {
    ++changes[r.sent];
    --changes[r.completed];
  }
  double area = 0;
  int open = 0;
  Instant last = changes.begin()->first;
  for (const auto& [at, change] : changes) {
    area += open * static_cast<double>((at - last).count());
    open += change;
    last = at;
  }
  EXPECT_EQ(open, 0);
  return area / static_cast<double>((last - changes.begin()->first).count());
}

TEST(Laws, LittlesLawHolds) {
  for (const Shipped& one : shipped()) {
    const RunResults results = play(one);
    const double mean_seconds = latency_summary(results).mean / 1e6;
    EXPECT_NEAR(mean_under_way(results), throughput_rps(results) * mean_seconds, 1e-5) << one.file;
  }
}

TEST(Laws, TheUtilisationLawHoldsOfEveryDevice) {
  for (const Shipped& one : shipped()) {
    const RunResults results = play(one);
    const Duration all = results.last_completed - kRunStart;
    const double rate = static_cast<double>(results.requests.size()) / in_us(all);
    int seen = 0;
    for (const NodeResult& node : results.nodes) {
      if (node.role != "npu" || !node.busy_per_request) continue;
      ++seen;
      EXPECT_NEAR(node.busy_fraction, rate * in_us(*node.busy_per_request), 0.01) << one.file;
      // And of what the plan says that a request costs it, without having run.
      if (node.predicted_busy) {
        EXPECT_NEAR(node.busy_fraction, rate * in_us(*node.predicted_busy), 0.03) << one.file;
      }
    }
    EXPECT_GT(seen, 0) << one.file;
  }
}

ClusterSpec one_device(const Overrides& overrides) {
  const Checked<ClusterSpec> spec = read_cluster_text(
      "name: queue\n"
      "processes: packed\n"
      "fidelity: message\n"
      "nodes: [{name: fpga0, device: bw-s10}, {name: host0, device: cpu}]\n"
      "model: {rnn: {cell: gru, hidden: 512, steps: 2}}\n"
      "compute: timing\n"
      "trace: {requests: 0}\n",
      "queue.yaml", overrides, kData);
  if (!spec) throw std::runtime_error(spec.error().text());
  return *spec;
}

// Requests that arrive at random at one device that takes the same time for each. What is in front of it
// takes less, and changes nothing: of servers of constant times in a row the slowest alone decides.
TEST(Laws, RandomArrivalsAtOneDeviceWaitAsInMD1) {
  const double alone = latency_summary(play(one_device({"workload.requests=100"}))).mean;
  const double most =
      throughput_rps(play(one_device({"workload.clients=16", "workload.requests=4000"})));
  const double service_us = 1e6 / most;
  for (const double load : {0.5, 0.7}) {
    double wait = 0, measured_load = 0;
    constexpr int kSeeds = 4;
    for (int seed = 1; seed <= kSeeds; ++seed) {
      const RunResults results = play(
          one_device({"workload.arrival=poisson",
                      fmt::format("workload.rate={} /s", static_cast<std::int64_t>(load * most)),
                      "workload.requests=100000", fmt::format("seed={}", seed)}));
      wait += (latency_summary(results).mean - alone) / kSeeds;
      measured_load += throughput_rps(results) * service_us / 1e6 / kSeeds;
    }
    const double formula = measured_load * service_us / (2 * (1 - measured_load));
    EXPECT_NEAR(wait, formula, 0.03 * formula) << "load " << load;
  }
}

}  // namespace
}  // namespace soliton
