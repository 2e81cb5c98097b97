// Whether two run folders hold the same: every file, byte for byte, apart from what is of this
// machine or says how the run was made:
//   results.json    `wall`
//   summary.txt     the lines about layout, seconds and the folder
//   cluster.yaml    `processes`
//   progress.jsonl, log/, lock   not compared
//
//   std::vector<RunDifference> found = compare_runs("runs/a", "runs/b");
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.h"

namespace soliton {

// The first difference of one file.
struct RunDifference {
  std::string file;
  std::size_t line = 0;    // from 1, of what is compared; 0: the file is in one folder only
  std::string one, other;  // the lines; "" where the file has ended or is not there
};

struct RunComparison {
  std::size_t files = 0;  // compared
  std::vector<RunDifference> differences;
};

// Error: a folder or file cannot be read.
Result<RunComparison> compare_runs(const std::string& one, const std::string& other);

// A record of trace.json.
struct TracedEvent {
  std::string at_us;
  std::string who;   // the process: a node, or "links and faults"
  std::string kind;  // "chain", "message", "fault", …
  std::string text;  // the whole record, without numbers of tracks
  bool operator==(const TracedEvent&) const = default;
};

struct EventDifference {
  std::optional<TracedEvent> one, other;  // unset: the trace has ended
  // The earlier of the two: what happened in one run only.
  const TracedEvent& first() const;
};

// The first event, in order of time, in which two texts of trace.json differ; nullopt if there is
// none. Error: a text is not a trace.
Result<std::optional<EventDifference>> first_different_event(std::string_view one,
                                                             std::string_view other);

}  // namespace soliton
