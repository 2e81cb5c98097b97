// soliton bench: figures of this machine.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "cluster/bench/bench_table.h"
#include "cluster/bench/fabric_bench.h"
#include "cluster/bench/ltl_bench.h"
#include "cluster/bench/npu_bench.h"
#include "cluster/bench/partition_bench.h"
#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/engine/launch_bench.h"
#include "cluster/yaml/files.h"
#include "partition/priced/read_priced.h"

namespace soliton {
namespace {

constexpr int kNodes = 64;
constexpr std::size_t kGraphBytesLimit = std::size_t{256} << 20;

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

struct BenchOptions {
  std::string what;
  bool more_peers = false;
  std::string objective;  // of given graphs; "": both
};

// The graphs that files hold, called after the files.
Checked<std::vector<NamedGraph>> read_graphs(const std::vector<std::string>& files) {
  std::vector<NamedGraph> out;
  Diagnostics problems;
  for (const std::string& file : files) {
    const Result<std::string> text = read_text_file(file, kGraphBytesLimit);
    if (!text) {
      problems.add(text.error());
      continue;
    }
    Checked<priced::PricedGraph> graph = priced::read_priced(*text, file);
    if (graph)
      out.push_back({std::filesystem::path(file).stem().string(), std::move(*graph)});
    else
      problems.append(std::move(graph.error()));
  }
  if (!problems.empty()) return tl::unexpected(std::move(problems));
  return out;
}

Checked<BenchReport> bench_of_graphs(const std::vector<std::string>& files,
                                     const std::string& objective) {
  if (files.empty()) return bench_partition();
  const Checked<std::vector<NamedGraph>> graphs = read_graphs(files);
  if (!graphs) return tl::unexpected(graphs.error());
  std::vector<priced::Objective> objectives{priced::Objective::kThroughput,
                                            priced::Objective::kLatency};
  if (const auto one = priced::parse_objective(objective)) objectives = {*one};
  return bench_partition(*graphs, objectives);
}

Result<BenchReport> measure(const BenchOptions& options) {
  if (options.what == "fabric")
    return bench_fabric(
        {.peers_folder = peers_folder(), .node_program = node_program(), .data = data_root()});
  if (options.what == "npu") return bench_npu({.peers_folder = peers_folder()});
  if (options.what == "ltl")
    return bench_ltl({.peers_folder = peers_folder(), .more_peers = options.more_peers});
  return bench_launch();
}

int print_report(const CommandLine& line, const BenchReport& report) {
  // Files give their names to rows.
  return printed(line.json ? print_raw(bench_json(report)) : print_lines(bench_text(report)));
}

int bench(const CommandLine& line, const BenchOptions& options) {
  if (options.more_peers && options.what != "ltl")
    return report_error({ErrorCode::kInvalid, "--long belongs to soliton bench ltl"});
  if (options.what == "partition") {
    const Checked<BenchReport> report = bench_of_graphs(line.inputs, options.objective);
    return report ? print_report(line, *report) : report_errors(report.error());
  }
  if (!line.inputs.empty())
    return report_error({ErrorCode::kInvalid, "files belong to soliton bench partition"});
  const Result<BenchReport> report = measure(options);
  return report ? print_report(line, *report) : report_error(report.error());
}

RunCommand define(OptionSet& options, CommandLine&) {
  const auto own = std::make_shared<BenchOptions>();
  options.argument("what", own->what, "launch | npu | ltl | fabric | partition",
                   {"launch", "npu", "ltl", "fabric", "partition"});
  options.optional_inputs("graphs",
                          "partition: files with priced graphs, instead of generated ones");
  options.flag("--long", own->more_peers,
               "ltl: beside gRPC, nng, libfabric and Cap'n Proto RPC as well");
  options.text("--objective", own->objective, "partition: of given graphs (default both)",
               {"throughput", "latency"});
  return [own](const CommandLine& line) { return bench(line, *own); };
}

}  // namespace

const CliCommand kBenchCommand = {
    .name = "bench",
    .what =
        "Measures this machine: launch (processes up and down, idle cost, size of a node), npu "
        "(arithmetic beside libraries and the memory's limit), ltl (round trips and streams "
        "beside sockets and messaging libraries), fabric (whole clusters, beside network "
        "simulators) "
        "or partition (the planner of priced graphs beside "
        "other planners and graph partitioners)",
    .example = "soliton bench npu --json",
    .many_inputs = true,
    .define = define};

}  // namespace soliton
