// What runs say of themselves while they go on: the last line of each progress.jsonl, as a table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/result.h"

namespace soliton {

struct RunGlance {
  std::string folder;
  std::string state;  // as in progress.jsonl
  double emulated_us = 0;
  std::uint64_t completed = 0, asked = 0, nodes_lost = 0;
  double completed_per_second = 0, emulated_us_per_second = 0;
  std::optional<double> left_seconds;
  double silent_seconds = 0;  // since the file got its last line

  bool goes_on() const { return state != "complete" && state != "incomplete"; }
  // Whether it says that it goes on, and nobody is there any more: it has a line a second.
  bool is_silent() const;
};

// The last whole line of `text`, which may be cut off behind it; nullopt: there is none.
std::optional<RunGlance> last_glance(const std::string& text);
// Of a run's folder. kInvalid: it has no progress.jsonl, or that holds no line.
Result<RunGlance> glance_at(const std::string& folder);
// The folders below `base` whose runs go on, by name.
std::vector<std::string> running_folders(const std::string& base);

// A line for each run, below the names of the columns.
std::string glances_text(const std::vector<RunGlance>& runs);
std::string glances_json(const std::vector<RunGlance>& runs);

}  // namespace soliton
