#include "cluster/cli/run_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "cluster/cli/report_input.h"
#include "cluster/report/report_html.h"
#include "cluster/results/columns.h"
#include "cluster/results/file_io.h"
#include "cluster/results/trace_units.h"
#include "cluster/run/firings.h"
#include "cluster/run/live_results.h"
#include "partition/plan/explain.h"

namespace soliton {

bool has_plan(const PreparedRun& run) { return has_model(run.spec); }

namespace {

std::string layout_words(const ClusterSpec& spec) {
  if (spec.time == TimeMode::kWall || spec.processes == ProcessMode::kPerNode)
    return "a process per node";
  if (spec.fidelity == Fidelity::kMessage) return "messages without packets, in one process";
  return "packed in one process";
}

std::string precision_of(const PreparedRun& run) {
  if (!has_plan(run)) return "";
  if (run.graph && !run.graph->on_fpgas()) return "fp32";
  return run.spec.model.precision.empty() ? run.plan.shards.front().format.name
                                          : run.spec.model.precision;
}

const char* compute_name(ComputeKind kind) {
  switch (kind) {
    case ComputeKind::kFunctional:
      return "functional";
    case ComputeKind::kTiming:
      return "timing";
    case ComputeKind::kSampled:
      return "sampled";
  }
  return "";
}

// What the run is about: its model, or its workloads.
std::string subject_of(const PreparedRun& run) {
  return has_plan(run) ? run.plan.model : workload_words(run.spec);
}

TraceNames trace_names(const PreparedRun& run) {
  TraceNames names;
  for (const NodeSpec& node : run.spec.nodes) {
    names.nodes.push_back(node.name);
    std::vector<std::string>& chains = names.chains.emplace_back();
    for (const PreparedRun* service : services_of(run))
      for (const CopyPlace& copy : service->copies)
        for (const Shard& shard : service->plan.shards)
          if (copy.node(shard.node) == node.name)
            for (const Chain& chain : shard.program.chains) chains.push_back(chain.label);
  }
  for (const TopologyLink& link : run.topology.links) names.links.push_back(link.name);
  for (const FaultRule& rule : run.faults.rules) names.fault_rules.push_back(rule.id);
  return names;
}

bool has_product(const Chain& chain) {
  return std::ranges::any_of(chain.instructions,
                             [](const Instruction& it) { return it.opcode == Opcode::kMvMul; });
}

ChainProducts chain_products(const PreparedRun& run) {
  ChainProducts out(run.spec.nodes.size());
  for (std::size_t node = 0; node < out.size(); ++node)
    for (const Shard& shard : run.plan.shards)
      if (shard.node == run.spec.nodes[node].name)
        for (const Chain& chain : shard.program.chains) out[node].push_back(has_product(chain));
  return out;
}

// Of several outputs each has a file, called after it as far as a file can be.
std::string outputs_file(const std::string& output, std::size_t of) {
  if (of == 1) return "outputs.npy";
  std::string name = output;
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_';
    if (!plain) c = '-';
  }
  return fmt::format("outputs-{}.npy", name);
}

// The types of the CSV files that the run leaves.
std::string columns_of(const PreparedRun& run, const RunResults& results) {
  std::vector<CsvFile> files{csv_file(
      "requests.csv", results.tells_of_services ? service_requests_columns() : requests_columns())};
  if (leaves_firings(run)) files.push_back(firings_columns());
  if (results.links) files.push_back(csv_file("links.csv", kLinkFields));
  if (results.series) files.push_back(csv_file("links_series.csv", series_columns()));
  return columns_json(files);
}

// Keeps what the report is made of.
class FolderWriter {
 public:
  explicit FolderWriter(const RunFolder& folder) : folder_(folder) {}
  // Every file is tried; the first failure is kept.
  std::string write(const std::string& name, std::string content) {
    const Status written = folder_.write(name, content);
    if (!written && all_) all_ = written;
    return content;
  }
  const Status& all() const { return all_; }

 private:
  const RunFolder& folder_;
  Status all_;
};

}  // namespace

SummaryContext summary_context(const PreparedRun& run, const std::vector<CriticalPath>& paths,
                               const std::string& folder) {
  SummaryContext context;
  context.paths = paths;
  context.model = subject_of(run);
  context.topology = run.topology.name;
  context.precision = precision_of(run);
  context.layout = layout_words(run.spec);
  context.arrival = run.spec.workload.arrival;
  context.clients = run.spec.workload.clients;
  context.compute = compute_name(run.spec.compute);
  if (has_plan(run)) context.plan = &run.plan;
  context.folder = folder;
  return context;
}

// Measurements are written first, so that a disk that fills up costs only pictures.
Status write_run_files(const RunFolder& folder, const PreparedRun& run, FinishedRun& finished,
                       const SummaryContext& context, const Profiler* profiler) {
  RunResults& results = finished.results;
  FolderWriter files(folder);
  ReportInput report;
  report.texts.requests = files.write("requests.csv", requests_csv(results));
  if (profiler != nullptr) results.wall.profile = profiler->profile();
  report.texts.results = files.write("results.json", results_json(results, context.paths));
  if (results.links) files.write("links.csv", links_csv(results));
  if (results.series)
    report.texts.links_series = files.write("links_series.csv", links_series_csv(*results.series));
  files.write("columns.json", columns_of(run, results));
  for (const auto& [name, array] : finished.outputs)
    files.write(outputs_file(name, finished.outputs.size()), format_npy(array));
  files.write("summary.txt", summary_text(results, context));
  report.texts.trace =
      files.write("trace.json", trace_json(finished.trace, trace_names(run), chain_products(run),
                                           results.series ? &*results.series : nullptr));
  if (has_plan(run)) report.texts.plan = files.write("plan.json", plan_json(run.plan));
  // It has grown during the run; without one nothing is marked.
  if (Result<std::string> events = read_whole_file(folder.current_path() + "/events.csv"))
    report.texts.events = std::move(*events);
  describe_cluster(run.spec, run.topology, report);
  files.write("report.html", report_page(report).html);
  return files.all();
}

}  // namespace soliton
