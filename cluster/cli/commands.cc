#include "cluster/cli/commands.h"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "cluster/cli/environment.h"
#include "cluster/experiment/experiment.h"
#include "cluster/manager/run.h"
#include "cluster/spec/listing.h"
#include "cluster/spec/parts.h"
#include "partition/plan/explain.h"

namespace soliton {

int report_errors(const Diagnostics& diagnostics) {
  std::fputs(diagnostics.text().c_str(), stderr);
  return exit_status(diagnostics.errors.front().code);
}

int report_error(const Error& error) {
  fmt::print(stderr, "{}\n", error.message);
  return exit_status(error.code);
}

Checked<ClusterSpec> read_cluster_of(const CommandLine& line) {
  if (line.engine != "" && line.engine != "local") {
    Diagnostics problems;
    problems.add(
        ErrorCode::kInvalid,
        fmt::format(
            "--engine {}: this version starts node processes on this machine only; allowed: local",
            line.engine));
    return tl::unexpected<Diagnostics>(std::move(problems));
  }
  return read_cluster(line.inputs.front(), overrides_of(line), data_root());
}

int command_plan(const CommandLine& line) {
  const Checked<ClusterSpec> spec = read_cluster_of(line);
  if (!spec) return report_errors(spec.error());
  const Checked<std::unique_ptr<PreparedRun>> prepared = prepare_run(*spec, true);
  if (!prepared) return report_errors(prepared.error());
  const PreparedRun& run = **prepared;
  if (line.json)
    std::fputs(plan_json(run.plan).c_str(), stdout);
  else if (!line.quiet)
    std::fputs(explain(run.plan, run.topology).c_str(), stdout);
  return 0;
}

namespace {

// What a YAML file is, by the key that only its kind has at the left edge; anything else is taken
// for a cluster file.
enum class FileKind { kCluster, kExperiment, kDevice, kTopology };

FileKind kind_of(const std::string& path) {
  static const std::regex device("^kind: *(npu|cpu)\\b"), topology("^kind: *[a-z-]+");
  std::ifstream file(path);
  for (std::string text; std::getline(file, text);) {
    if (text.starts_with("series:")) return FileKind::kExperiment;
    if (std::regex_search(text, device)) return FileKind::kDevice;
    if (std::regex_search(text, topology)) return FileKind::kTopology;
  }
  return FileKind::kCluster;
}

template <typename T>
Diagnostics errors_of(const Checked<T>& checked) {
  return checked ? Diagnostics{} : checked.error();
}

// Checks one file; with `expanded`, a cluster file's defaults are written there.
Diagnostics check_file(const std::string& file, const Overrides& overrides, std::string* expanded) {
  switch (kind_of(file)) {
    case FileKind::kExperiment:
      return errors_of(read_experiment(file));
    case FileKind::kDevice:
      return errors_of(read_device(file, data_root()));
    case FileKind::kTopology:
      return errors_of(read_topology_file(file));
    case FileKind::kCluster:
      break;
  }
  const Checked<ClusterSpec> spec = read_cluster(file, overrides, data_root());
  if (spec && expanded) *expanded = write_cluster(*spec, ".");
  return errors_of(spec);
}

nlohmann::ordered_json verdict_json(const std::string& file, const Diagnostics& problems) {
  nlohmann::ordered_json out{
      {"file", file}, {"good", problems.empty()}, {"errors", nlohmann::ordered_json::array()}};
  for (const Error& error : problems.errors) out["errors"].push_back(error.message);
  return out;
}

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
  return out.dump(2) + "\n";
}

}  // namespace

int command_check(const CommandLine& line) {
  int status = 0;
  nlohmann::ordered_json verdicts = nlohmann::ordered_json::array();
  for (const std::string& file : line.inputs) {
    std::string expanded;
    const Diagnostics problems =
        check_file(file, overrides_of(line), line.expand ? &expanded : nullptr);
    verdicts.push_back(verdict_json(file, problems));
    if (!problems.empty()) {
      const int code = report_errors(problems);
      if (status == 0) status = code;
    } else if (!line.json && !expanded.empty()) {
      std::fputs(expanded.c_str(), stdout);
    } else if (!line.quiet && !line.json) {
      fmt::print("{}: good\n", file);
    }
  }
  if (line.json) std::fputs((verdicts.dump(2) + "\n").c_str(), stdout);
  return status;
}

int command_list(const CommandLine& line) {
  const std::string& what = line.inputs.front();
  Checked<std::string> text = what == "devices"      ? list_devices(data_root(), line.json)
                              : what == "topologies" ? list_topologies(data_root())
                              : what == "configs"    ? list_configs(data_root())
                              : what == "formats"    ? list_formats()
                                                     : list_faults();
  if (!text) return report_errors(text.error());
  const bool lines = line.json && what != "devices";
  std::fputs((lines ? lines_as_json(*text) : *text).c_str(), stdout);
  return 0;
}

}  // namespace soliton
