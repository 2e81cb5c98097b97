#include <fmt/format.h>

#include <optional>

#include "cluster/bench/bench_table.h"
#include "cluster/bench/ltl_bench.h"
#include "cluster/bench/npu_bench.h"
#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/engine/launch_bench.h"

namespace soliton {
namespace {

constexpr int kNodes = 64;

BenchRow against_goal(std::string name, double ours, double goal, std::string unit) {
  return {.name = std::move(name),
          .ours = ours,
          .peer = "goal",
          .peer_value = goal,
          .unit = std::move(unit),
          .goal = 1};
}

Result<BenchReport> bench_launch() {
  const Result<LaunchFigures> figures = measure_launch(node_program(), kNodes);
  if (!figures) return tl::unexpected<Error>(figures.error());
  BenchReport report;
  report.rows = {
      against_goal(fmt::format("{} processes ready", kNodes), figures->ready_seconds, 0.5, "s"),
      against_goal(fmt::format("{} processes gone", kNodes), figures->gone_seconds, 0.3, "s"),
      against_goal("one process ready", figures->first_ready_ms, 5, "ms"),
      against_goal("CPU of all idle nodes in 1 s", figures->idle_cpu_ms, 0, "ms"),
      against_goal("private memory of a node", figures->node_mib, 8, "MiB"),
  };
  return report;
}

Result<BenchReport> measure(const std::string& what, bool more_peers) {
  if (what == "npu") return bench_npu({.peers_folder = peers_folder()});
  if (what == "ltl") return bench_ltl({.peers_folder = peers_folder(), .more_peers = more_peers});
  return bench_launch();
}

}  // namespace

int command_bench(const CommandLine& line) {
  if (line.more_peers && line.inputs.front() != "ltl")
    return report_error({ErrorCode::kInvalid, "--long belongs to soliton bench ltl"});
  const Result<BenchReport> report = measure(line.inputs.front(), line.more_peers);
  if (!report) return report_error(report.error());
  return printed(print_raw(line.json ? bench_json(*report) : bench_text(*report)));
}

}  // namespace soliton
