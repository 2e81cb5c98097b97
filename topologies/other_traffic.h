// Traffic that is not of this cluster, as a port meets it: bursts that take the line, and how long they are.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/base/quantity.h"
#include "protocol/base/rng.h"
#include "protocol/base/time.h"

namespace soliton {

enum class BurstLengths : std::uint8_t {
  kUniform,      // between zero and `longest`
  kExponential,  // with `mean`
  kPareto,       // with `mean` and `shape`: few long ones make most of the load
  kListed,       // of `listed`
};

struct ListedBurst {
  Duration length{};
  std::int64_t share = 1;  // of the bursts, in relation to the others' shares
  bool operator==(const ListedBurst&) const = default;
};

// For the share `busy` of the time the port is occupied by bursts. A packet that meets a burst waits for
// its end.
struct OtherTraffic {
  Probability busy{};
  Duration longest{};  // longer ones are cut off
  BurstLengths lengths = BurstLengths::kUniform;
  Duration mean{};     // of bursts that were not cut off
  double shape = 1.5;  // Above 1. Lower: longer bursts, and longer times without
  std::vector<ListedBurst> listed;
  bool operator==(const OtherTraffic&) const = default;
};

// What is left of a burst that a packet meets at any time. Long bursts are met more often, and anywhere in
// them: the density of the rest is that of a renewal process's residual life, the share of bursts longer than
// it over their mean. Between 0 and `longest`.
Duration rest_of_burst(const OtherTraffic& other, const Random& chance);

}  // namespace soliton
