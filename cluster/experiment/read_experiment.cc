#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cluster/experiment/axes.h"
#include "cluster/experiment/experiment.h"
#include "cluster/file/yaml_file.h"
#include "cluster/yaml/read_fields.h"
#include "protocol/base/names.h"

namespace soliton {
namespace {

using Kind = YamlValue::Kind;

constexpr Field kSetRow =
    described("set", "Keys of the cluster file, each with its value: `{partition.min_nodes: 4}`.");
constexpr Field kPointRows[] = {
    field<&ExperimentPoint::x>("x", "Position on the series' axis; ascending.")
        .between<std::int64_t>(1, kLargestX)
        .needed(),
    kSetRow,
};
constexpr Field kSeriesRows[] = {
    field<&ExperimentSeries::name>("name", "Name of the series and of its folders.")
        .as(FieldType::kName)
        .needed(),
    field<&ExperimentSeries::title>("title", "For tables and pictures.").by_default("the name"),
    field<&ExperimentSeries::axis>("axis", "What x counts."),
    field<&ExperimentSeries::scaling>("scaling",
                                      "What twice the hardware should give: `strong` for the same "
                                      "work, `weak` for work that grows, "
                                      "`none` when x is not an amount of hardware.")
        .spelled(kScalings),
    kSetRow,
    described("points", "The points of the series.", FieldType::kMaps).of(kPointFields).needed(),
};
constexpr Field kExperimentRows[] = {
    field<&Experiment::name>("name", "Name of the experiment and of its folder.")
        .as(FieldType::kName)
        .needed(),
    field<&Experiment::description>("description", "What it asks."),
    field<&Experiment::cluster>("cluster", "The cluster file that every point changes.")
        .as(FieldType::kPath)
        .needed(),
    described("series", "Series of points.", FieldType::kMaps).of(kSeriesFields),
    described(
        "grid",
        "In place of series: keys of the cluster file, each with a list of values, of which all "
        "combinations are played: `{model.precision: [ms-fp8, ms-fp9]}`. `nodes: [1, 2]` says how "
        "many nodes the first entry of the cluster file's `nodes` stands for."),
    described("points", "The same as a list of points with names.", FieldType::kMaps)
        .of(kLabelledFields),
    described("find", "The same as a search.", FieldType::kMap).of(kFindFields),
    described("seeds", "Seeds that each point is played with: a list, or a number of them.")
        .by_default("the cluster file's"),
    field<&Experiment::x>("x",
                          "Which key of `grid` is the axis, or `label` for that of `points`; the "
                          "others make series.")
        .by_default("the first key"),
    described("columns", "Of the table: keys of results.json, `[latency_us.p99]`.")
        .by_default("latencies and throughput"),
    described("baseline", "What speed-up and efficiency refer to: `{x: 1}`.", FieldType::kMap)
        .of(kBaselineFields),
};

constexpr Field kLabelledRows[] = {
    described("label", "Its name.").by_default("its number").as(FieldType::kText),
    kSetRow,
};
constexpr Field kFindRows[] = {
    described("max", "The key whose largest value is wanted: `workload.rate`.", FieldType::kText),
    described("min", "Or the one whose smallest is: `nodes`.", FieldType::kText),
    described(
        "subject_to",
        "What must hold, or a list of such: `\"p99 < 2 ms\"`, `\"fabric.dropped <= 0\"`. Each "
        "seed must meet it."),
    described("from", "Where the search begins and below which it never goes.", FieldType::kText)
        .by_default("what the cluster file has"),
    described("to", "Above which it never goes.", FieldType::kText),
    field<&FindSpec::tolerance>("tolerance",
                                "How near the answer is to the first value that fails.")
        .between(Probability{0}, Probability{500'000'000}),
    field<&FindSpec::runs>("runs", "Values that are played at most.")
        .between<std::int64_t>(2, 1'000),
};
// A map for the table alone: the value is read by hand.
struct BaselineKeys {};
constexpr Field kBaselineRows[] = {
    described("x", "A value of the axis.", FieldType::kText).needed(),
};

class ExperimentReader {
 public:
  ExperimentReader(const std::string& file, ExperimentOptions options)
      : context_(file, {}), options_(options) {
    experiment_.file = file;
  }

  Checked<Experiment> read(const YamlValue& root) {
    MapReader map(context_, root, kExperimentFields, "");
    if (map.is_map()) {
      read_fields(map, kExperimentFields, &experiment_);
      check_folder(map, experiment_.name);
      read_content(map);
      map.finish();
    }
    if (context_.failed()) return tl::unexpected<Diagnostics>(context_.take());
    return experiment_;
  }

 private:
  void read_content(MapReader& map) {
    const bool has_axes = map.find("grid") || map.find("points") || map.find("find");
    if (map.find("series") == nullptr && !has_axes)
      return context_.error(map.mark(), "series is missing: what to play; or grid, points or find");
    if (map.find("series") == nullptr) return read_axes(map, options_, experiment_);
    read_series_list(map);
    for (const char* key : {"grid", "points", "find", "seeds", "x", "columns", "baseline"})
      if (map.find(key) != nullptr)
        map.error(key, "does not go with series, which name their points and axes themselves");
  }

  // A folder whose name begins with a dot is hidden.
  static void check_folder(MapReader& map, const std::string& name) {
    if (name.starts_with('.'))
      map.error("name", fmt::format("\"{}\" becomes a folder's name: no dot first", name));
  }

  // The list under `key`; nullptr, after reporting it, if it is absent, empty or not a list.
  const YamlValue* list_of(MapReader& map, std::string_view key, std::string_view what) {
    const YamlValue* list = map.find(key);
    if (list == nullptr) return nullptr;
    if (list->kind == Kind::kList && !list->items.empty()) return list;
    map.error(key, fmt::format("must be a list of at least one {}", what));
    return nullptr;
  }

  void read_series_list(MapReader& root) {
    const YamlValue* list = list_of(root, "series", "series");
    if (list == nullptr) return;
    if (list->items.size() > kSeriesLimit)
      return root.error("series", fmt::format("has {} series; at most {} are supported",
                                              list->items.size(), kSeriesLimit));
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      MapReader map(context_, list->items[i], kSeriesFields, fmt::format("series[{}]", i));
      if (map.is_map()) read_series(map);
    }
    if (points_ > kPointsLimit)
      root.error("series",
                 fmt::format("has {} points; at most {} are supported", points_, kPointsLimit));
  }

  void read_series(MapReader& map) {
    ExperimentSeries series;
    read_fields(map, kSeriesFields, &series);
    check_folder(map, series.name);
    if (!series.name.empty() && !names_.insert(series.name).second)
      map.error("name", fmt::format("\"{}\" is used twice", series.name));
    if (map.find("title") == nullptr) series.title = series.name;
    Overrides common;
    read_set(map, common);
    read_points(map, common, series);
    map.finish();
    experiment_.series.push_back(std::move(series));
  }

  // The cluster file's reader reports unknown paths when the point is read.
  void read_set(MapReader& map, Overrides& out) {
    const YamlValue* set = map.find("set");
    if (set == nullptr) return;
    if (set->kind != Kind::kMap)
      return map.error("set", "must be a map of paths to values: {partition.min_nodes: 4}");
    for (std::size_t i = 0; i < set->keys.size(); ++i) {
      const YamlValue& item = set->items[i];
      const std::string& path = set->keys[i].name;
      if (item.kind != Kind::kScalar)
        context_.error(item.mark,
                       fmt::format("{}: must be one value; name the path to each", path));
      else if (path.empty() || path.find('=') != std::string::npos)
        context_.error(set->keys[i].mark,
                       fmt::format("\"{}\" is not a path into a cluster file", path));
      else
        out.push_back(override_text(path, item));
    }
  }

  void read_points(MapReader& map, const Overrides& common, ExperimentSeries& series) {
    const YamlValue* list = list_of(map, "points", "point");
    if (list == nullptr) return;
    points_ += list->items.size();
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      MapReader point(context_, list->items[i], kPointFields,
                      fmt::format("{}[{}]", map.label_of("points"), i));
      if (point.is_map()) read_point(point, common, series);
    }
  }

  void read_point(MapReader& map, const Overrides& common, ExperimentSeries& series) {
    ExperimentPoint point;
    point.overrides = common;
    const bool has_x = read_fields(map, kPointFields, &point);
    read_set(map, point.overrides);
    map.finish();
    if (!has_x) return;
    if (!series.points.empty() && point.x <= series.points.back().x)
      return map.error("x", fmt::format("{} is not above that of the point before, {}", point.x,
                                        series.points.back().x));
    series.points.push_back(std::move(point));
  }

  ReadContext context_;
  ExperimentOptions options_;
  Experiment experiment_;
  std::set<std::string> names_;
  std::size_t points_ = 0;
};

}  // namespace

constexpr FieldTable kPointFields = fields_of<ExperimentPoint>("point", kPointRows);
constexpr FieldTable kSeriesFields = fields_of<ExperimentSeries>("series", kSeriesRows);
constexpr FieldTable kLabelledFields = fields_of<ExperimentPoint>("labelled_point", kLabelledRows);
constexpr FieldTable kFindFields = fields_of<FindSpec>("find", kFindRows);
constexpr FieldTable kBaselineFields = fields_of<BaselineKeys>("baseline", kBaselineRows);
constexpr FieldTable kExperimentFields = fields_of<Experiment>("experiment", kExperimentRows);

Checked<Experiment> read_experiment(const YamlFile& yaml, ExperimentOptions options) {
  if (Diagnostics wrong = refuse_other_kind(yaml, FileKind::kExperiment); !wrong.empty())
    return tl::unexpected<Diagnostics>(std::move(wrong));
  return ExperimentReader(yaml.file, options).read(yaml.root);
}

Checked<Experiment> read_experiment(const std::string& file, ExperimentOptions options) {
  const Checked<YamlFile> yaml = read_yaml(file);
  return yaml ? read_experiment(*yaml, options) : tl::unexpected<Diagnostics>(yaml.error());
}

}  // namespace soliton
