// What a run under a fault schedule was, as values that a process hands to another.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace soliton {

// What must hold whatever the faults (docs/faults.md#chaos).
struct ChaosViolation {
  std::string invariant;  // "outputs", "delivery", "history", "liveness", ...
  std::string what;
  bool operator==(const ChaosViolation&) const = default;
};

struct ChaosTrial {
  std::vector<ChaosViolation> violations;
  std::uint64_t packets = 0, fired = 0;
  std::uint64_t nacks = 0, resends = 0;
  std::map<std::string, std::uint64_t> by_kind;  // firings
  Duration end{};                                // when the last request was done, emulated
  std::int64_t checked = 0;                      // outputs that were compared
  std::optional<std::string> sha256;             // of all outputs
  Duration allowed{};  // from the end of its last rule to the latest end that would be in time
  // Of trials that are asked for them: the first lines of events.csv, and those of each firing.
  std::string events_head;
  std::vector<std::string> events;

  bool violates(const std::string& invariant) const;
  std::string json() const;
  static Result<ChaosTrial> from_json(const std::string& text);
};

}  // namespace soliton
