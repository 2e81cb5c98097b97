// Two runs, or two sets of runs, number by number.
//
//   Result<MeasuredSide> a = measured_in("runs/a"), b = measured_in("runs/b");
//   std::vector<ComparedPoint> points = compare_sides(*a, *b);
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cluster/experiment/scalars.h"
#include "cluster/results/spread.h"
#include "protocol/base/result.h"

namespace soliton {

// Runs that differ in their seeds only.
struct MeasuredPoint {
  std::string name;  // of a point of a sweep: its series and x; else ""
  std::vector<Scalars> runs;
};
struct MeasuredSide {
  std::string path;
  std::vector<MeasuredPoint> points;
};
// What a path holds: the folder of a run or its results.json, the folder of a sweep, or a folder with
// folders of runs, which are taken for runs of one thing. kInvalid: none of these.
Result<MeasuredSide> measured_in(const std::string& path);

struct ComparedNumber {
  std::string key;
  Spread one, other;
  std::optional<bool> beyond_noise;  // unset: fewer than three runs on a side

  double difference() const { return other.mean - one.mean; }
  std::optional<double> relative() const;  // unset: the first is 0
};
struct ComparedPoint {
  std::string name;
  std::vector<ComparedNumber> numbers;  // in the order of results.json, without `wall`
};
// Points that both sides have, by name; a single point on each side whatever the names.
std::vector<ComparedPoint> compare_sides(const MeasuredSide& one, const MeasuredSide& other);

// A table of the numbers that matter most; "" above it if names of points are all there is to say.
std::string comparison_text(const MeasuredSide& one, const MeasuredSide& other,
                            const std::vector<ComparedPoint>& points);
std::string comparison_json(const MeasuredSide& one, const MeasuredSide& other,
                            const std::vector<ComparedPoint>& points);

}  // namespace soliton
