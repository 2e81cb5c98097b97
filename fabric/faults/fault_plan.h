// Faults as data, resolved to links: the form of `faults:` of a cluster file (docs/cluster-file.md)
// that engines use.
//
// Rules compose: loss probabilities combine to 1-(1-a)(1-b), delays add up, a link that is down
// loses everything, and losses in a row are counted over all rules. Adding a rule does not change
// the decisions of another.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fabric/faults/fault_kind.h"

namespace soliton {

struct FaultRule {
  std::string id;  // "fault0", or the file's `id`
  const FaultKind* kind = &kLossFault;
  std::vector<std::uint32_t> links;  // of the topology
  std::string target;                // links or switches as written, for results
  bool forward = true;               // direction 0 of the links is hit
  bool backward = true;              // direction 1 is hit
  Instant from{};                    // inclusive
  Instant until = kNever;            // exclusive
  Settings options;                  // of the kind

  FaultWindow window() const { return {from, until}; }
  std::unique_ptr<LinkEffect> effect() const { return kind->make(options); }
};

struct FaultPlan {
  std::uint64_t seed = 1;
  std::vector<FaultRule> rules;
};

}  // namespace soliton
