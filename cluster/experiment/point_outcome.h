// What came of a point, as text: it may have been run by another process (point_workers.h).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cluster/file/spec.h"
#include "cluster/results/results.h"
#include "protocol/base/result.h"

namespace soliton {

struct PointRun {
  RunResults results;
  FilesRead files;             // all files opened for it
  std::optional<Error> error;  // why it is incomplete, unless it was told to stop
};
// Runs one point. Results with complete == false are stored, but the point is run again next time.
// An error means that nothing was measured.
using PointRunner = std::function<Checked<PointRun>(const ClusterSpec& spec)>;

struct PointOutcome {
  std::string results;  // results.json
  bool complete = false;
  std::string why;  // it is not, as its results say; may be ""
  std::vector<FilesRead::File> files;
  std::optional<Error> error;  // as PointRun::error
};
PointOutcome outcome_of(const PointRun& run);

// One line of JSON, and back; kBroken if a line is not one.
std::string outcome_line(const Checked<PointOutcome>& outcome);
Checked<PointOutcome> parse_outcome(const std::string& line);

}  // namespace soliton
