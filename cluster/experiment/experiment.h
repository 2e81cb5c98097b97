// An experiment file as values: series of points, each the base cluster with a few keys changed
// (docs/experiments.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/file/spec.h"
#include "protocol/base/fields.h"
#include "protocol/base/result.h"

namespace soliton {

inline constexpr std::size_t kSeriesLimit = 64;
inline constexpr std::size_t kPointsLimit = 4096;  // of all series together

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
};

struct ExperimentSeries {
  std::string name;  // [a-z0-9._-]: also a folder's name
  std::string title;
  std::string axis = "nodes";  // what x counts
  Scaling scaling = Scaling::kStrong;
  std::vector<ExperimentPoint> points;  // x ascending
};

struct Experiment {
  std::string file;  // as named by the user
  std::string name;
  std::string description;
  std::string
      cluster;  // path of the base cluster file, resolved against the experiment file's folder
  std::vector<ExperimentSeries> series;
};

// The keys of an experiment file, its series and their points.
extern const FieldTable kExperimentFields;
extern const FieldTable kSeriesFields;
extern const FieldTable kPointFields;

// Reports all problems at once, each as "file:line:column: message".
Checked<Experiment> read_experiment(const std::string& file);
Checked<Experiment> read_experiment(const YamlFile& yaml);

}  // namespace soliton
