// Values are those that the checker's recomputation gives, ours included. A ratio has a goal only
// where the peer's plan keeps the rules that ours keeps.
#include "cluster/bench/partition_bench.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <ctime>

#include "cluster/bench/generated_graphs.h"
#include "cluster/bench/partition_peers.h"
#include "partition/assign/assign.h"

namespace soliton {
namespace {

using priced::Objective;
using priced::PricedGraph;

struct Goals {
  double seconds = 10;
  std::optional<double> gap_percent;
};

// Small graphs are planned several times, and the least time counts.
constexpr int kRepetitions = 3;
constexpr double kSecondsToRepeat = 1;
// Less is no difference: peers stop at about a millionth.
constexpr double kNoWorse = 0.9999;

double in_ms(Duration time) { return static_cast<double>(time.count()) * 1e-9; }

// The search has one thread, so this is its time on a machine that does nothing else.
double seconds_of_this_thread() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Timed {
  Result<priced::Assignment> found;
  double seconds = 0;
};

Timed plan(const PricedGraph& graph, Objective objective) {
  const auto once = [&] {
    const double start = seconds_of_this_thread();
    Result<priced::Assignment> found = assignment::find(graph, objective);
    return Timed{std::move(found), seconds_of_this_thread() - start};
  };
  Timed out = once();
  for (int i = 1; i < kRepetitions && out.seconds < kSecondsToRepeat; ++i)
    out.seconds = std::min(out.seconds, once().seconds);
  return out;
}

class Bench {
 public:
  void graph(const std::string& name, const PricedGraph& graph, Objective objective,
             const Goals& goals) {
    const auto [found, seconds] = plan(graph, objective);
    name_ = fmt::format("{}, {}", name, objective_name(objective));
    if (!found) {
      report_.notes.push_back(fmt::format("{}: {}", name_, found.error().message));
      return;
    }
    const PeerPlan ours = scored("", graph, objective, found->places);
    const bool agrees = ours.remark.empty() && ours.value == found->value;
    report_.notes.push_back(fmt::format("{}: {} ({}){}, {}", name_, found->verdict,
                                        found->plan_class,
                                        agrees ? "" : ", WHICH THE CHECKER DENIES", found->method));
    if (!ours.value) return;
    against_bound(in_ms(*ours.value), in_ms(found->lower_bound), goals);
    for (const PeerPlan& peer : peer_plans(graph, objective)) against(in_ms(*ours.value), peer);
    row("CPU time", seconds, "goal", goals.seconds, "s", 1);
  }

  // With the memory of all so far.
  BenchReport take() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    name_ = "all graphs";
    row("peak memory", static_cast<double>(used.ru_maxrss) / 1024, "goal", 1024, "MiB", 1);
    return std::move(report_);
  }

 private:
  void row(const char* what, double ours, std::string peer, std::optional<double> theirs,
           const char* unit, std::optional<double> goal) {
    report_.rows.push_back({.name = fmt::format("{}, {}", name_, what),
                            .ours = ours,
                            .peer = std::move(peer),
                            .peer_value = theirs,
                            .unit = unit,
                            .goal = goal});
  }

  void against_bound(double ours, double bound, const Goals& goals) {
    if (bound <= 0)
      return row("value", ours, "lower bound, none", std::nullopt, "ms", std::nullopt);
    row("value", ours, "lower bound", bound, "ms", std::nullopt);
    if (goals.gap_percent) row("gap", (ours / bound - 1) * 100, "goal", *goals.gap_percent, "%", 1);
  }

  void against(double ours, const PeerPlan& peer) {
    const bool legal = peer.value && peer.remark.empty();
    row("value", ours, peer.remark.empty() ? peer.name : peer.name + ", " + peer.remark,
        peer.value ? std::optional(in_ms(*peer.value)) : std::nullopt, "ms",
        legal ? std::optional(kNoWorse) : std::nullopt);
  }

  std::string name_;
  BenchReport report_;
};

}  // namespace

BenchReport bench_partition() {
  Bench bench;
  const auto throughput = [&](const char* name, const PricedGraph& graph, const Goals& goals) {
    bench.graph(name, graph, Objective::kThroughput, goals);
  };
  throughput("10,000 operators on 64 nodes", backbone(10'000, {.fast = 64}), {0.5, 0.1});
  throughput("10,000 operators on 32 + 32 nodes", backbone(10'000, {.fast = 32, .slow = 32}),
             {1.5, 0.1});
  throughput("100,000 operators on 64 nodes", backbone(100'000, {.fast = 64}), {8, 0.1});
  throughput("10,000 operators in branches on 64 nodes", branches(10'000, {.fast = 64}), {10, 1});
  return bench.take();
}

BenchReport bench_partition(const std::vector<NamedGraph>& graphs,
                            const std::vector<Objective>& objectives) {
  Bench bench;
  for (const NamedGraph& it : graphs)
    for (const Objective objective : objectives) {
      Goals goals;
      if (objective == Objective::kThroughput) goals.gap_percent = 1;
      bench.graph(it.name, it.graph, objective, goals);
    }
  return bench.take();
}

}  // namespace soliton
