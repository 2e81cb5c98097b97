// Faults as data, resolved to links: what the cluster file's `faults:` becomes (faults design page,
// section 1).
//
// Rules compose: losses 1-(1-a)(1-b), delays add, down wins, losses in a row are counted over all
// of them. Chance is a function of (seed, rule, link, direction, packet ordinal), so adding a rule
// shifts no other decision.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/quantity.h"
#include "protocol/base/time.h"

namespace soliton {

enum class FaultKind : std::uint8_t { kLoss, kDelay, kLinkDown };
std::string fault_kind_name(FaultKind kind);  // "loss", "delay", "link_down"

struct FaultRule {
  std::string id;  // "fault0", or the file's `id`
  FaultKind kind = FaultKind::kLoss;
  std::vector<std::uint32_t> links;  // of the topology
  std::string target;                // as written, for results
  bool forward = true;               // direction 0 of the links is hit
  bool backward = true;              // direction 1 is hit
  Instant from{};                    // inclusive
  Instant until = kNever;            // exclusive
  Probability loss{};                // kLoss
  // kLoss: it takes no packet after so many were lost in a row on that link and direction, by
  // whatever rules; 0: no limit
  std::uint32_t max_burst = 0;
  Duration delay{};   // kDelay
  Duration jitter{};  // kDelay: uniform in [0, jitter) on top
};

struct FaultPlan {
  std::uint64_t seed = 1;
  std::vector<FaultRule> rules;
};

}  // namespace soliton
