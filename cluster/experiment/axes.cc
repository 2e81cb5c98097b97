#include "cluster/experiment/axes.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cluster/yaml/read_fields.h"
#include "protocol/base/quantity.h"
#include "protocol/base/suggestion.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

using Kind = YamlValue::Kind;

constexpr std::int64_t kSeedsMost = 10'000;

void read_seeds(MapReader& map, std::vector<std::uint64_t>& out) {
  const YamlValue* seeds = map.find("seeds");
  if (seeds == nullptr) return;
  if (seeds->kind == Kind::kScalar) {
    const std::optional<std::int64_t> count = whole_number(seeds->text);
    if (!count || *count < 1 || *count > kSeedsMost)
      return map.error("seeds", fmt::format("\"{}\" is not a number of seeds from 1 to {}, and not "
                                            "a list of seeds",
                                            printable(seeds->text), kSeedsMost));
    for (std::int64_t seed = 1; seed <= *count; ++seed)
      out.push_back(static_cast<std::uint64_t>(seed));
    return;
  }
  std::set<std::uint64_t> used;
  for (const YamlValue& item : seeds->items) {
    const Result<std::uint64_t> seed = parse_unsigned(item.text);
    if (!seed)
      map.context().error(item.mark, fmt::format("seeds: {}", seed.error().message));
    else if (!used.insert(*seed).second)
      map.context().error(item.mark, fmt::format("seeds: {} is listed twice", *seed));
    else
      out.push_back(*seed);
  }
  if (seeds->kind != Kind::kList || seeds->items.empty())
    map.error("seeds", "must be a number, or a list of seeds: [1, 2, 3]");
}

void read_columns(MapReader& map, std::vector<std::string>& out) {
  const YamlValue* list = map.find("columns");
  if (list == nullptr) return;
  if (list->kind != Kind::kList)
    return map.error("columns", "must be a list of keys of results.json: [latency_us.p99]");
  const std::vector<std::string> known = result_keys();
  for (const YamlValue& item : list->items)
    if (std::ranges::find(known, item.text) == known.end())
      map.context().error(item.mark, fmt::format("columns: results have no \"{}\"{}", item.text,
                                                 did_you_mean(item.text, known)));
    else
      out.push_back(item.text);
}

class AxesReader {
 public:
  AxesReader(MapReader& map, const ExperimentOptions& options, Experiment& experiment)
      : map_(map), options_(options), experiment_(experiment), base_(experiment.cluster) {}

  void read() {
    experiment_.has_axes = true;
    read_seeds(map_, experiment_.seeds);
    read_grid();
    read_points();
    read_find_map();
    read_columns(map_, experiment_.columns);
    choose_x();
    read_baseline();
    if (context().failed()) return;
    const Status size = check_runs(axes_, experiment_.seeds.size(), options_.allow_many);
    if (!size) return context().error(map_.mark(), size.error().message);
    expand_axes(std::move(axes_), experiment_);
  }

 private:
  ReadContext& context() { return map_.context(); }

  void read_grid() {
    const YamlValue* grid = map_.find("grid");
    if (grid == nullptr) return;
    if (grid->kind != Kind::kMap || grid->keys.empty())
      return map_.error(
          "grid", "must be a map of keys to lists of values: {model.precision: [ms-fp8, ms-fp9]}");
    for (std::size_t i = 0; i < grid->keys.size(); ++i)
      read_grid_key(grid->keys[i], grid->items[i]);
  }

  void read_grid_key(const YamlKey& key, const YamlValue& values) {
    if (values.kind != Kind::kList || values.items.empty())
      return context().error(values.mark,
                             fmt::format("grid.{}: must be a list of values", key.name));
    Axis axis{key.name, {}};
    for (const YamlValue& value : values.items) {
      std::optional<AxisValue> one = base_.value_of(context(), key.name, value);
      if (!one) continue;
      if (axis.values.empty() && !base_.accepts(context(), key.mark, "grid", one->overrides))
        return;
      axis.values.push_back(std::move(*one));
    }
    axes_.push_back(std::move(axis));
  }

  void read_points() {
    const YamlValue* list = map_.find("points");
    if (list == nullptr) return;
    if (list->kind != Kind::kList || list->items.empty())
      return map_.error("points", "must be a list of at least one point");
    Axis axis{"label", {}};
    std::set<std::string> used;
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      MapReader point(context(), list->items[i], kLabelledFields, fmt::format("points[{}]", i));
      if (!point.is_map()) continue;
      AxisValue value = read_point(point);
      if (value.label.empty()) value.label = std::to_string(i + 1);
      if (!used.insert(value.label).second)
        point.error("label", fmt::format("\"{}\" is used twice", value.label));
      axis.values.push_back(std::move(value));
      point.finish();
    }
    axes_.push_back(std::move(axis));
  }

  AxisValue read_point(MapReader& point) {
    AxisValue out;
    if (const YamlValue* label = point.find("label") ? point.scalar("label") : nullptr) {
      out.label = label->text;
      out.at = number_in(label->text);
    }
    const YamlValue* set = point.find("set");
    if (set == nullptr) return out;
    if (set->kind != Kind::kMap)
      return point.error("set", "must be a map of keys to values: {partition.min_nodes: 4}"), out;
    for (std::size_t i = 0; i < set->keys.size(); ++i) {
      std::optional<AxisValue> one = base_.value_of(context(), set->keys[i].name, set->items[i]);
      if (!one || !base_.accepts(context(), set->keys[i].mark, "set", one->overrides)) continue;
      out.overrides.insert(out.overrides.end(), one->overrides.begin(), one->overrides.end());
      out.shown.insert(out.shown.end(), one->shown.begin(), one->shown.end());
    }
    return out;
  }

  void read_find_map() {
    const YamlValue* value = map_.find("find");
    if (value == nullptr) return;
    MapReader find(context(), *value, kFindFields, "find");
    if (find.is_map()) experiment_.find = read_find(find, base_);
  }

  void choose_x() {
    std::string& x = experiment_.x;
    std::vector<std::string> keys;
    for (const Axis& axis : axes_) keys.push_back(axis.key);
    if (experiment_.find) {
      if (!x.empty() && x != experiment_.find->key)
        map_.error("x", fmt::format("is {} with find", experiment_.find->key));
      x = experiment_.find->key;
      return;
    }
    if (keys.empty()) return;
    if (x.empty()) x = keys.front();
    if (std::ranges::find(keys, x) == keys.end())
      map_.error("x",
                 fmt::format("\"{}\" is no axis of this experiment{}", x, suggestion(x, keys)));
  }

  void read_baseline() {
    const YamlValue* value = map_.find("baseline");
    if (value == nullptr) return;
    MapReader baseline(context(), *value, kBaselineFields, "baseline");
    if (!baseline.is_map()) return;
    const YamlValue* x = baseline.require("x") ? baseline.scalar("x") : nullptr;
    baseline.finish();
    if (x == nullptr) return;
    const auto axis = std::ranges::find(axes_, experiment_.x, &Axis::key);
    if (axis == axes_.end()) return baseline.error("x", "needs an axis: grid or points");
    for (const AxisValue& one : axis->values)
      if (one.label == x->text || (one.at && one.at == number_in(x->text))) {
        experiment_.baseline = one.label;
        return;
      }
    std::vector<std::string> labels;
    for (const AxisValue& one : axis->values) labels.push_back(one.label);
    baseline.error("x", fmt::format("\"{}\" is no value of {}{}", x->text, experiment_.x,
                                    suggestion(x->text, labels)));
  }

  MapReader& map_;
  const ExperimentOptions& options_;
  Experiment& experiment_;
  ClusterBase base_;
  std::vector<Axis> axes_;
};

}  // namespace

void read_axes(MapReader& map, const ExperimentOptions& options, Experiment& experiment) {
  AxesReader(map, options, experiment).read();
}

}  // namespace soliton
