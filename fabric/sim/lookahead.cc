#include "fabric/sim/lookahead.h"

#include <algorithm>

#include "topologies/line.h"

namespace soliton {

Lookahead lookahead_of(const Topology& topology) {
  Lookahead least;
  Duration to_switch = kUnbounded;
  Duration direct = kUnbounded;
  for (const TopologyLink& link : topology.links) {
    const OnLine on_line =
        cross_line({kRunStart, kRunStart}, kRunStart, line_time(link, Bytes{0}), link.latency);
    const Duration crossing = on_line.tail - kRunStart;
    for (const std::uint8_t direction : {0, 1}) {
      const Vertex& near = topology.vertices[link.ends[direction]];
      const Vertex& far = topology.vertices[far_end(link, direction)];
      if (!near.is_switch && !far.is_switch) direct = std::min(direct, crossing);
      if (!near.is_switch && far.is_switch)
        to_switch = std::min(to_switch, cross_switch(far, on_line).ready - kRunStart);
      if (near.is_switch && !far.is_switch) least.last = std::min(least.last, crossing);
    }
  }
  least.first = std::min(to_switch, direct);
  const bool switched = to_switch != kUnbounded && least.last != kUnbounded;
  least.path = switched ? std::min(direct, to_switch + least.last) : direct;
  return least;
}

}  // namespace soliton
