// outcome.json beside a point's results: what a part of a sweep leaves for `sweep --collect`, so that
// processes on several hosts need no common database.
#pragma once

#include <optional>
#include <string>

#include "cluster/experiment/identity.h"
#include "cluster/experiment/point_outcome.h"

namespace soliton {

struct StoredOutcome {
  std::string identity;               // cluster_identity(); "": unknown
  std::optional<PointRecord> record;  // unset: the point failed, and is to be run again
  Checked<PointOutcome> outcome;
};

std::string stored_text(const StoredOutcome& stored);
// nullopt: not of this version.
std::optional<StoredOutcome> parse_stored(const std::string& text);

// `folder` is the point's. nullopt: there is none.
std::optional<StoredOutcome> read_outcome(const std::string& folder);
Status write_outcome(const std::string& folder, const StoredOutcome& stored);  // kNotWritten
Status remove_outcome(const std::string& folder);                              // kNotWritten

}  // namespace soliton
