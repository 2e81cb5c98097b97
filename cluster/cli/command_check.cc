// soliton check: what `run`, `sweep` and cluster files would refuse, without running anything.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/cli/prepared.h"
#include "cluster/experiment/experiment.h"
#include "cluster/file/parts.h"
#include "cluster/file/yaml_file.h"
#include "cluster/run/fault_plan_text.h"
#include "cluster/run/run.h"
#include "protocol/base/located.h"
#include "protocol/json/json.h"

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

struct CheckOptions {
  bool expand = false;
  bool no_plan = false;
};

PrepareOptions prepare_options(const CheckOptions& options) {
  // Plans depend on the shapes of weights only, never on their values.
  return {.plan = !options.no_plan, .weights = false};
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

Diagnostics check_experiment(const YamlFile& yaml, const CommandLine& line,
                             const CheckOptions& options) {
  const Checked<Experiment> experiment = read_experiment(yaml);
  if (!experiment) return experiment.error();
  // Points differ in a few keys, so most errors would otherwise be repeated for every point.
  PointErrors errors;
  for (const ExperimentSeries& series : experiment->series)
    for (const ExperimentPoint& point : series.points) {
      // What is wrong with one seed is with all.
      if (point.seed != series.points.front().seed) continue;
      Overrides overrides = point.overrides;
      for (const std::string& one : line.overrides()) overrides.push_back(one);
      const Checked<std::unique_ptr<PreparedRun>> run =
          prepare(experiment->cluster, overrides, data_root(), prepare_options(options));
      const Diagnostics saved = run ? refuse_saved_outputs((*run)->spec) : Diagnostics{};
      errors.add(run ? saved : run.error(), fmt::format("{}-{}", series.name, point.x_words()));
    }
  return errors.take();
}

Verdict check_cluster(YamlFile yaml, const CommandLine& line, const CheckOptions& options) {
  const Checked<std::unique_ptr<PreparedRun>> run =
      prepare(std::move(yaml), line.overrides(), data_root(), prepare_options(options));
  if (!run) return {run.error(), ""};
  say_prepared(line, **run);
  return {{},
          options.expand
              ? write_cluster((*run)->spec, ".") + fault_plan_text((*run)->faults, (*run)->topology)
              : ""};
}

Verdict check_file(const std::string& file, const CommandLine& line, const CheckOptions& options) {
  Checked<YamlFile> yaml = read_yaml(file);
  if (!yaml) return {yaml.error(), ""};
  switch (kind_of(yaml->root)) {
    case FileKind::kExperiment:
      return {check_experiment(*yaml, line, options), ""};
    case FileKind::kDevice:
      return {errors_of(read_device(*yaml, data_root())), ""};
    case FileKind::kTopology:
      return {errors_of(read_topology_file(*yaml)), ""};
    case FileKind::kCluster:
      break;
  }
  return check_cluster(std::move(*yaml), line, options);
}

Json verdict_json(const std::string& file, const Diagnostics& problems) {
  Json out{{"file", file}, {"good", problems.empty()}, {"errors", Json::array()}};
  for (const Error& error : problems.errors) {
    const LocatedMessage at = split_located(error.message);
    Json finding;
    finding["file"] = at.line > 0 ? Json(at.file) : Json();
    finding["line"] = at.line > 0 ? Json(at.line) : Json();
    finding["column"] = at.line > 0 ? Json(at.column) : Json();
    finding["message"] = at.text;
    out["errors"].push_back(std::move(finding));
  }
  return out;
}

int check(const CommandLine& line, const CheckOptions& options) {
  int status = 0;
  std::string text;
  Json verdicts = Json::array();
  for (const std::string& file : line.inputs) {
    const Verdict verdict = check_file(file, line, options);
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
  return printed(
      line.json ? print_raw(json_text(verdicts, JsonLayout::kIndented) + "\n") : print_lines(text),
      status);
}

RunCommand define(OptionSet& options, CommandLine&) {
  const auto own = std::make_shared<CheckOptions>();
  options.inputs("files", "cluster, experiment, device or topology files");
  options.flag("--expand", own->expand, "print the file with all defaults filled in");
  options.flag("--no-plan", own->no_plan,
               "leave out whether the model fits: no plan is searched for");
  return [own](const CommandLine& line) { return check(line, *own); };
}

}  // namespace

const CliCommand kCheckCommand = {
    .name = "check",
    .what =
        "Says what run would refuse: every error as file:line:column, all of them at once; also "
        "for experiments, devices and topologies",
    .example = "soliton check configs/*.yaml",
    .takes_cluster = true,
    .finds_files = true,
    .many_inputs = true,
    .define = define};

}  // namespace soliton
