// The network ports of one node as its transport sees them: packets handed over together leave one
// after another, and the time of each begins when it leaves.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "fabric/ltl/options.h"
#include "protocol/base/quantity.h"
#include "protocol/base/time.h"

namespace soliton {

class OwnPorts {
 public:
  void add(const LtlPath& path) {
    free_.resize(std::max<std::size_t>(free_.size(), path.port + 1U), kRunStart);
  }
  // When a packet of `bytes` that is handed over now leaves the port, behind those before it.
  Instant depart(const LtlPath& path, std::size_t bytes, Instant now) {
    if (path.line.bits_per_second == 0) return now;
    Instant& free = free_[path.port];
    const Instant leaves = free > now ? free : now;
    free = later(leaves,
                 transmit_time(Bytes{static_cast<std::int64_t>(bytes) + kFrameBytes}, path.line));
    return leaves;
  }

 private:
  // What a line carries of a packet beside its LTL bytes (docs/wire-format.md).
  static constexpr std::int64_t kFrameBytes = 66;

  std::vector<Instant> free_;  // by LtlPath::port
};

}  // namespace soliton
