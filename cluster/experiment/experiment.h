// An experiment file as values: series of points, each the base cluster with a few keys changed
// (docs/experiments.md).
//
// A file lists its series, or has axes whose product is played: `grid`, `points`, and `find`, whose
// points become known while it is played. Axes become series, too: one for each combination of the
// values of all axes but `x`, and in it a run for each value of x and each seed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/experiment/find.h"
#include "cluster/file/spec.h"
#include "protocol/base/fields.h"
#include "protocol/base/result.h"

namespace soliton {

inline constexpr std::size_t kSeriesLimit = 64;
inline constexpr std::size_t kPointsLimit = 4096;  // of all series together
// Runs of axes: more need to be asked for, and more than that are refused.
inline constexpr std::uint64_t kRunsUnasked = 100'000;
inline constexpr std::uint64_t kRunsMost = 10'000'000;

// What "twice the nodes" should give, in terms of the mean latency.
enum class Scaling : std::uint8_t {
  kNone,    // x is not an amount of hardware; utilization and waiting are shown
  kStrong,  // the same work: speed-up t1 / tn, efficiency x1 t1 / (xn tn)
  kWeak,    // work that grows with x: efficiency t1 / tn, speed-up xn t1 / (x1 tn)
};
inline constexpr FieldWord kScalings[] = {
    word("none", Scaling::kNone), word("strong", Scaling::kStrong), word("weak", Scaling::kWeak)};

inline constexpr std::int64_t kLargestX = 1'000'000'000;

struct ExperimentPoint {
  std::int64_t x = 0;   // on the series' axis
  Overrides overrides;  // the series' keys, then the point's
  // Of axes: x in words, where it is if it is a number, and the seed that it is played with. Keys that
  // results show in place of those in `overrides`, where they differ.
  std::string label = {};
  std::optional<double> at = {};
  std::optional<std::uint64_t> seed = {};
  std::vector<std::pair<std::string, std::string>> shown = {};

  std::string x_words() const { return label.empty() ? std::to_string(x) : label; }
};

struct ExperimentSeries {
  std::string name;  // [a-z0-9._-]: also a folder's name
  std::string title;
  std::string axis = "nodes";  // what x counts
  Scaling scaling = Scaling::kStrong;
  std::vector<ExperimentPoint> points;  // x ascending; of axes as the file has them
  // Of axes: what all points of the series set, and the x that speed-up and efficiency refer to.
  Overrides common = {};
  std::vector<std::pair<std::string, std::string>> common_shown = {};
  std::optional<std::string> baseline = {};
};

struct Experiment {
  std::string file;  // as named by the user
  std::string name;
  std::string description;
  std::string
      cluster;  // path of the base cluster file, resolved against the experiment file's folder
  std::vector<ExperimentSeries> series;
  // Of axes.
  bool has_axes = false;
  std::string x;                        // the key of the axis that is x, or `label`
  std::vector<std::string> columns;     // of the table: scalars of results.json
  std::optional<std::string> baseline;  // its x in words; gives speed-up and efficiency
  std::vector<std::uint64_t> seeds;     // empty: that of the cluster file
  std::optional<FindSpec> find;
};

// The keys of an experiment file, its series and their points.
extern const FieldTable kExperimentFields;
extern const FieldTable kSeriesFields;
extern const FieldTable kPointFields;
extern const FieldTable kLabelledFields;  // of a point of the list `points`
extern const FieldTable kFindFields;
extern const FieldTable kBaselineFields;

struct ExperimentOptions {
  bool allow_many = false;  // more than kRunsUnasked runs
};

// Reports all problems at once, each as "file:line:column: message".
Checked<Experiment> read_experiment(const std::string& file, ExperimentOptions options = {});
Checked<Experiment> read_experiment(const YamlFile& yaml, ExperimentOptions options = {});

}  // namespace soliton
