#include <fmt/format.h>

#include <algorithm>
#include <set>

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
    described("series", "Series of points.", FieldType::kMaps).of(kSeriesFields).needed(),
};

// One scalar of a `set:` as --set would take it. Values a YAML reader could take for something else
// are quoted.
std::string override_text(const std::string& key, const YamlValue& value) {
  std::string quoted;
  for (const char c : value.text) quoted += c == '\'' ? "''" : std::string(1, c);
  const bool plain = value.text.find_first_of("#:[]{}&*!|>'\"%@`,\n\t") == std::string::npos &&
                     !value.text.empty() && value.text.front() != ' ' && value.text.back() != ' ' &&
                     value.text.front() != '-';
  return key + "=" + (plain ? value.text : "'" + quoted + "'");
}

class ExperimentReader {
 public:
  explicit ExperimentReader(const std::string& file) : context_(file, {}) {
    experiment_.file = file;
  }

  Checked<Experiment> read(const YamlValue& root) {
    MapReader map(context_, root, kExperimentFields, "");
    if (map.is_map()) {
      read_fields(map, kExperimentFields, &experiment_);
      check_folder(map, experiment_.name);
      read_series_list(map);
      map.finish();
    }
    if (context_.failed()) return tl::unexpected<Diagnostics>(context_.take());
    return experiment_;
  }

 private:
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
  Experiment experiment_;
  std::set<std::string> names_;
  std::size_t points_ = 0;
};

}  // namespace

constexpr FieldTable kPointFields = fields_of<ExperimentPoint>("point", kPointRows);
constexpr FieldTable kSeriesFields = fields_of<ExperimentSeries>("series", kSeriesRows);
constexpr FieldTable kExperimentFields = fields_of<Experiment>("experiment", kExperimentRows);

Checked<Experiment> read_experiment(const YamlFile& yaml) {
  if (Diagnostics wrong = refuse_other_kind(yaml, FileKind::kExperiment); !wrong.empty())
    return tl::unexpected<Diagnostics>(std::move(wrong));
  return ExperimentReader(yaml.file).read(yaml.root);
}

Checked<Experiment> read_experiment(const std::string& file) {
  const Checked<YamlFile> yaml = read_yaml(file);
  return yaml ? read_experiment(*yaml) : tl::unexpected<Diagnostics>(yaml.error());
}

}  // namespace soliton
