#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cluster/experiment/experiment.h"
#include "cluster/experiment/key_reader.h"
#include "cluster/spec/files.h"
#include "cluster/spec/reader.h"
#include "cluster/spec/yaml_file.h"

namespace soliton {
namespace {

using Kind = YamlValue::Kind;

constexpr std::int64_t kLargestX = 1'000'000'000;

bool is_folder_name(const std::string& name) {
  constexpr std::size_t kLongest = 63;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kLongest && name[0] != '.' &&
         std::all_of(name.begin(), name.end(), allowed);
}

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
    if (keys_.check_keys(root, "", {"name", "description", "cluster", "series"})) {
      keys_.required(root, "", "name", experiment_.name);
      if (!experiment_.name.empty() && !is_folder_name(experiment_.name))
        bad_name(*root.find("name"), experiment_.name);
      keys_.text(root, "", "description", experiment_.description);
      if (keys_.required(root, "", "cluster", experiment_.cluster))
        base_cluster(*root.find("cluster"));
      series_list(root);
    }
    if (context_.failed()) return tl::unexpected<Diagnostics>(context_.take());
    return experiment_;
  }

 private:
  void bad_name(const YamlValue& value, const std::string& name) {
    context_.error(
        value.mark,
        fmt::format(
            "name \"{}\" becomes a folder's: use up to 63 of a-z 0-9 . _ - and no dot first",
            printable(name)));
  }

  void base_cluster(const YamlValue& value) {
    experiment_.cluster = resolve_path(folder_of(experiment_.file), value.text);
    if (!is_regular_file(experiment_.cluster))
      context_.error(value.mark, explain_missing_file(experiment_.cluster));
  }

  void series_list(const YamlValue& root) {
    const YamlValue* list = root.find("series");
    if (list == nullptr || list->kind != Kind::kList || list->items.empty())
      return context_.error(list ? list->mark : root.mark,
                            "series must be a list of at least one series");
    if (list->items.size() > kSeriesLimit)
      return context_.error(list->mark, fmt::format("{} series; at most {} are supported",
                                                    list->items.size(), kSeriesLimit));
    for (std::size_t i = 0; i < list->items.size(); ++i)
      one_series(list->items[i], fmt::format("series[{}]", i));
    if (points_ > kPointsLimit)
      context_.error(list->mark,
                     fmt::format("{} points; at most {} are supported", points_, kPointsLimit));
  }

  void one_series(const YamlValue& value, const std::string& map) {
    if (!keys_.check_keys(value, map, {"name", "title", "axis", "scaling", "set", "points"}))
      return;
    ExperimentSeries series;
    if (keys_.required(value, map, "name", series.name)) {
      const YamlValue& name = *value.find("name");
      if (!is_folder_name(series.name)) bad_name(name, series.name);
      if (!names_.insert(series.name).second)
        context_.error(name.mark,
                       fmt::format("series \"{}\" is there twice", printable(series.name)));
    }
    series.title = series.name;
    series.axis = "nodes";
    keys_.text(value, map, "title", series.title);
    keys_.text(value, map, "axis", series.axis);
    scaling(value, map, series.scaling);
    Overrides common;
    settings(value, map, common);
    points(value, map, common, series);
    experiment_.series.push_back(std::move(series));
  }

  void scaling(const YamlValue& value, const std::string& map, Scaling& out) {
    std::string word = scaling_name(out);
    keys_.text(value, map, "scaling", word);
    for (const Scaling known : {Scaling::kNone, Scaling::kStrong, Scaling::kWeak})
      if (word == scaling_name(known)) {
        out = known;
        return;
      }
    context_.error(value.find("scaling")->mark,
                   fmt::format("scaling \"{}\" is not known{}", printable(word),
                               suggestion(word, {"strong", "weak", "none"})));
  }

  // `set: {path: value}`; whether a path exists is said by the cluster file's reader, when the
  // point is read.
  void settings(const YamlValue& value, const std::string& map, Overrides& out) {
    const YamlValue* set = value.find("set");
    if (set == nullptr || set->kind == Kind::kNull) return;
    if (set->kind != Kind::kMap)
      return context_.error(set->mark, fmt::format("{} must be a map of paths to values, found {}",
                                                   key_path(map, "set"), kind_name(set->kind)));
    for (std::size_t i = 0; i < set->keys.size(); ++i) {
      const YamlValue& item = set->items[i];
      if (item.kind != Kind::kScalar)
        context_.error(
            item.mark,
            fmt::format("{}: the value must be a single one, found {}; name the path to each",
                        printable(set->keys[i].name), kind_name(item.kind)));
      else if (set->keys[i].name.empty() || set->keys[i].name.find('=') != std::string::npos)
        context_.error(set->keys[i].mark, fmt::format("\"{}\" is not a path into a cluster file",
                                                      printable(set->keys[i].name)));
      else
        out.push_back(override_text(set->keys[i].name, item));
    }
  }

  void points(const YamlValue& value, const std::string& map, const Overrides& common,
              ExperimentSeries& series) {
    const YamlValue* list = value.find("points");
    if (list == nullptr || list->kind != Kind::kList || list->items.empty())
      return context_.error(
          list ? list->mark : value.mark,
          fmt::format("{} must be a list of at least one point", key_path(map, "points")));
    points_ += list->items.size();
    for (std::size_t i = 0; i < list->items.size(); ++i)
      one_point(list->items[i], fmt::format("{}.points[{}]", map, i), common, series);
  }

  void one_point(const YamlValue& value, const std::string& map, const Overrides& common,
                 ExperimentSeries& series) {
    if (!keys_.check_keys(value, map, {"x", "set"})) return;
    ExperimentPoint point;
    point.overrides = common;
    settings(value, map, point.overrides);
    std::string x;
    if (!keys_.required(value, map, "x", x)) return;
    const Result<std::int64_t> number = parse_integer(x);
    const Mark mark = value.find("x")->mark;
    if (!number || *number < 1 || *number > kLargestX)
      return context_.error(
          mark, fmt::format("{}.x must be a whole number from 1 to {}, found \"{}\"", map,
                            kLargestX, printable(x)));
    if (!series.points.empty() && *number <= series.points.back().x)
      return context_.error(mark, fmt::format("{}.x must be larger than the one before, {}", map,
                                              series.points.back().x));
    point.x = *number;
    series.points.push_back(std::move(point));
  }

  ReadContext context_;
  KeyReader keys_{context_};
  Experiment experiment_;
  std::set<std::string> names_;
  std::size_t points_ = 0;
};

}  // namespace

const char* scaling_name(Scaling scaling) {
  constexpr const char* kNames[] = {"none", "strong", "weak"};
  return kNames[static_cast<std::size_t>(scaling)];
}

Checked<Experiment> read_experiment(const YamlFile& yaml) {
  if (Diagnostics wrong = refuse_other_kind(yaml, FileKind::kExperiment); !wrong.empty())
    return tl::unexpected<Diagnostics>(std::move(wrong));
  return ExperimentReader(yaml.file).read(yaml.root);
}

Checked<Experiment> read_experiment_text(const std::string& text, const std::string& file) {
  const Checked<YamlFile> yaml = yaml_of_text(text, file);
  return yaml ? read_experiment(*yaml) : tl::unexpected<Diagnostics>(yaml.error());
}

Checked<Experiment> read_experiment(const std::string& file) {
  const Checked<YamlFile> yaml = read_yaml(file);
  return yaml ? read_experiment(*yaml) : tl::unexpected<Diagnostics>(yaml.error());
}

}  // namespace soliton
