// Whether what a shard does depends on how many steps a request has: a loop of its program runs once
// for each, or one of its ports is read against their order. Such a shard cannot begin a request before
// it knows them.
#pragma once

#include <algorithm>

#include "protocol/isa/shard.h"

namespace soliton {

inline bool counts_steps(const Shard& shard) {
  return std::ranges::any_of(shard.program.segments,
                             [](const Segment& it) { return it.per_step != 0; }) ||
         std::ranges::any_of(shard.in_ports, [](const InPort& port) { return port.reversed; });
}

}  // namespace soliton
