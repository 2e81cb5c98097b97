// soliton bench: figures of this machine.
#include <fmt/format.h>

#include <memory>
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

int bench(const CommandLine& line, bool more_peers) {
  if (more_peers && line.inputs.front() != "ltl")
    return report_error({ErrorCode::kInvalid, "--long belongs to soliton bench ltl"});
  const Result<BenchReport> report = measure(line.inputs.front(), more_peers);
  if (!report) return report_error(report.error());
  return printed(print_raw(line.json ? bench_json(*report) : bench_text(*report)));
}

RunCommand define(OptionSet& options, CommandLine&) {
  const auto more_peers = std::make_shared<bool>(false);
  options.input_word("what", "launch | npu | ltl", {"launch", "npu", "ltl"});
  options.flag("--long", *more_peers,
               "ltl: beside gRPC, nng, libfabric and Cap'n Proto RPC as well");
  return [more_peers](const CommandLine& line) { return bench(line, *more_peers); };
}

}  // namespace

const CliCommand kBenchCommand = {
    .name = "bench",
    .what =
        "Measures this machine: launch (processes up and down, idle cost, size of a node), npu "
        "(arithmetic beside libraries and the memory's limit) or ltl (round trips and streams "
        "beside sockets and messaging libraries)",
    .example = "soliton bench npu --json",
    .define = define};

}  // namespace soliton
