// Faults as data, resolved to links: what the cluster file's `faults:` becomes
// (docs/cluster-file.md).
//
// Rules compose: losses 1-(1-a)(1-b), delays add, down wins, losses in a row are counted over all
// of them. Adding a rule shifts no decision of another.
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
  std::string target;                // as written, for results
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
