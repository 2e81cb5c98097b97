#include "cluster/cli/commands.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/experiment/experiment.h"
#include "cluster/manager/run.h"
#include "cluster/spec/listing.h"
#include "cluster/spec/parts.h"
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
  if (line.json) return printed(print_raw(plan_json(run.plan)));
  return line.quiet ? 0 : printed(print_lines(explain(run.plan, run.topology)));
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
  return json_text(out);
}

}  // namespace

int command_check(const CommandLine& line) {
  int status = 0;
  std::string text;
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
      text += expanded;
    } else if (!line.quiet && !line.json) {
      text += fmt::format("{}: good\n", file);
    }
  }
  return printed(line.json ? print_raw(json_text(verdicts)) : print_lines(text), status);
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
  return printed(print_lines(lines ? lines_as_json(*text) : *text));
}

}  // namespace soliton
