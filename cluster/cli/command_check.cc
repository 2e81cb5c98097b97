// soliton check: what `run`, `sweep` and cluster files would refuse, without running anything.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/experiment/experiment.h"
#include "cluster/manager/run.h"
#include "cluster/spec/parts.h"
#include "cluster/spec/yaml_file.h"
#include "protocol/base/located.h"

namespace soliton {
namespace {

struct Verdict {
  Diagnostics problems;
  std::string expanded;  // of a good cluster file
};

template <typename T>
Diagnostics errors_of(const Checked<T>& checked) {
  return checked ? Diagnostics{} : checked.error();
}

PrepareOptions options_of(const CommandLine& line) {
  return {.plan = !line.no_plan, .weights = false};
}

// The errors of an experiment's points, each once, behind the name of the first point that has it.
class PointErrors {
 public:
  void add(const Diagnostics& problems, const std::string& point) {
    ++points_;
    for (const Error& error : problems.errors) {
      const auto at = std::find_if(found_.begin(), found_.end(), [&](const Found& it) {
        return it.error.message == error.message;
      });
      if (at == found_.end())
        found_.push_back({error, point, 1});
      else
        ++at->points;
    }
  }

  Diagnostics take() {
    Diagnostics out;
    for (Found& it : found_) {
      const std::string where = it.points == points_ && points_ > 1 ? "every point"
                                : it.points == 1
                                    ? "point " + it.point
                                    : fmt::format("point {} and {} more", it.point, it.points - 1);
      out.add(it.error.code, fmt::format("{} ({})", it.error.message, where));
    }
    return out;
  }

 private:
  struct Found {
    Error error;
    std::string point;
    std::size_t points = 0;
  };
  std::vector<Found> found_;
  std::size_t points_ = 0;
};

Diagnostics check_experiment(const YamlFile& yaml, const CommandLine& line) {
  const Checked<Experiment> experiment = read_experiment(yaml);
  if (!experiment) return experiment.error();
  PointErrors errors;
  for (const ExperimentSeries& series : experiment->series)
    for (const ExperimentPoint& point : series.points) {
      Overrides overrides = point.overrides;
      for (const std::string& one : overrides_of(line)) overrides.push_back(one);
      const Checked<std::unique_ptr<PreparedRun>> run =
          prepare(experiment->cluster, overrides, data_root(), options_of(line));
      const Diagnostics saved = run ? refuse_saved_outputs((*run)->spec) : Diagnostics{};
      errors.add(run ? saved : run.error(), fmt::format("{}-{}", series.name, point.x));
    }
  return errors.take();
}

Verdict check_cluster(YamlFile yaml, const CommandLine& line) {
  const Checked<std::unique_ptr<PreparedRun>> run =
      prepare(std::move(yaml), overrides_of(line), data_root(), options_of(line));
  if (!run) return {run.error(), ""};
  say_prepared(line, **run);
  return {{}, line.expand ? write_cluster((*run)->spec, ".") : ""};
}

Verdict check_file(const std::string& file, const CommandLine& line) {
  Checked<YamlFile> yaml = read_yaml(file);
  if (!yaml) return {yaml.error(), ""};
  switch (kind_of(yaml->root)) {
    case FileKind::kExperiment:
      return {check_experiment(*yaml, line), ""};
    case FileKind::kDevice:
      return {errors_of(read_device(*yaml, data_root())), ""};
    case FileKind::kTopology:
      return {errors_of(read_topology_file(*yaml)), ""};
    case FileKind::kCluster:
      break;
  }
  return check_cluster(std::move(*yaml), line);
}

nlohmann::ordered_json verdict_json(const std::string& file, const Diagnostics& problems) {
  nlohmann::ordered_json out{
      {"file", file}, {"good", problems.empty()}, {"errors", nlohmann::ordered_json::array()}};
  for (const Error& error : problems.errors) {
    const LocatedMessage at = split_located(error.message);
    nlohmann::ordered_json finding;
    finding["file"] = at.line > 0 ? nlohmann::ordered_json(at.file) : nlohmann::ordered_json();
    finding["line"] = at.line > 0 ? nlohmann::ordered_json(at.line) : nlohmann::ordered_json();
    finding["column"] = at.line > 0 ? nlohmann::ordered_json(at.column) : nlohmann::ordered_json();
    finding["message"] = at.text;
    out["errors"].push_back(std::move(finding));
  }
  return out;
}

}  // namespace

int command_check(const CommandLine& line) {
  int status = 0;
  std::string text;
  nlohmann::ordered_json verdicts = nlohmann::ordered_json::array();
  for (const std::string& file : line.inputs) {
    const Verdict verdict = check_file(file, line);
    verdicts.push_back(verdict_json(file, verdict.problems));
    if (!verdict.problems.empty()) {
      const int code = report_errors(verdict.problems);
      if (status == 0) status = code;
    } else if (!line.json && !verdict.expanded.empty()) {
      text += verdict.expanded;
    } else if (!line.quiet && !line.json) {
      text += fmt::format("{}: good\n", file);
    }
  }
  return printed(line.json ? print_raw(json_text(verdicts)) : print_lines(text), status);
}

}  // namespace soliton
