#include "cluster/cli/commands.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/manager/run.h"
#include "cluster/results/run_folder.h"
#include "cluster/spec/listing.h"
#include "partition/plan/explain.h"
#include "protocol/base/message.h"

namespace soliton {

int report_errors(const Diagnostics& diagnostics) {
  message(diagnostics.text());
  return exit_status(diagnostics.errors.front().code);
}

int report_error(const Error& error) {
  message("{}\n", error.message);
  return exit_status(error.code);
}

// With everything beyond ASCII as \u escapes, and bytes that are no UTF-8 replaced.
std::string json_text(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void say_prepared(const CommandLine& line, const PreparedRun& run) {
  if (line.verbosity == 0) return;
  message("{}: {} nodes, {} links; {} files read\n", run.spec.name, run.spec.nodes.size(),
          run.topology.links.size(), run.spec.files_read.files().size());
  if (line.verbosity > 1)
    for (const FilesRead::File& file : run.spec.files_read.files()) message("  {}\n", file.path);
  if (!run.plan.shards.empty())
    message("plan: {} on {} of the nodes, {} ({})\n", run.plan.model, run.plan.nodes_used,
            run.plan.certificate.verdict, run.plan.certificate.method);
}

namespace {

// The plan as values, words and picture, and the cluster it is for.
Status write_plan(const std::string& out, const PreparedRun& run) {
  const Result<RunFolder> folder = RunFolder::open({run.spec.name, "", out});
  if (!folder) return tl::unexpected<Error>(folder.error());
  const std::pair<const char*, std::string> files[] = {
      {"plan.json", plan_json(run.plan)},
      {"plan.txt", explain(run.plan, run.topology)},
      {"plan.svg", plan_svg(run.plan)},
      {"cluster.yaml", write_cluster(run.spec, folder->path())}};
  for (const auto& [name, content] : files)
    if (const Status written = folder->write(name, content); !written) return written;
  return {};
}

}  // namespace

int command_plan(const CommandLine& line) {
  const Checked<std::unique_ptr<PreparedRun>> prepared = prepare(
      line.inputs.front(), overrides_of(line), data_root(), {.plan_only = true, .weights = false});
  if (!prepared) return report_errors(prepared.error());
  const PreparedRun& run = **prepared;
  say_prepared(line, run);
  if (!line.out.empty())
    if (const Status written = write_plan(line.out, run); !written)
      return report_error(written.error());
  const int status = run.plan.missed.empty() ? 0 : 1;
  if (status != 0 && (line.json || line.quiet)) message("{}\n", run.plan.missed);
  if (line.json) return printed(print_json(plan_json(run.plan)), status);
  return line.quiet ? status : printed(print_lines(explain(run.plan, run.topology)), status);
}

namespace {

// "name  what it is" lines as objects.
std::string lines_as_json(const std::string& text) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t gap = line.find(' ');
    const std::size_t rest = line.find_first_not_of(' ', gap);
    if (!line.empty())
      out.push_back({{"name", line.substr(0, gap)},
                     {"text", rest == std::string::npos ? "" : line.substr(rest)}});
  }
  return json_text(out);
}

}  // namespace

int command_list(const CommandLine& line) {
  const std::string& what = line.inputs.front();
  Checked<std::string> text = what == "devices"      ? list_devices(data_root(), line.json)
                              : what == "topologies" ? list_topologies(data_root())
                              : what == "configs"    ? list_configs(data_root())
                              : what == "formats"    ? list_formats()
                              : what == "workloads"  ? list_workloads()
                                                     : list_faults();
  if (!text) return report_errors(text.error());
  const bool lines = line.json && what != "devices";
  return printed(print_lines(lines ? lines_as_json(*text) : *text));
}

}  // namespace soliton
