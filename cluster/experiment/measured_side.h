// What a folder holds of measurements, to be compared with another: a run, several runs of one thing, or a
// sweep.
#pragma once

#include <string>
#include <vector>

#include "cluster/experiment/scalars.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace soliton {

// Runs that differ in their seeds only.
struct MeasuredPoint {
  std::string name;  // of a point of a sweep: its series and x; else ""
  std::vector<Scalars> runs;
  std::vector<Duration> latencies;  // of the requests of all its runs, ascending; empty: not known
};

struct MeasuredSide {
  enum class Kind : std::uint8_t { kRuns, kSweep };
  std::string path;
  Kind kind = Kind::kRuns;
  bool complete = true;  // false: a run or a point did not come to its end
  std::vector<MeasuredPoint> points;

  std::size_t least_runs() const;  // of its points
};

// What a path holds: the folder of a run or its results.json, the folder of a sweep, or a folder with folders
// of runs, which are taken for runs of one thing. Latencies of requests are read of runs if they are asked
// for. kInvalid: none of these, damaged, or of another version.
Result<MeasuredSide> measured_in(const std::string& path, bool with_latencies = false);

}  // namespace soliton
