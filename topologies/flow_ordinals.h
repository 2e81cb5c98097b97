// Counts the packets of each flow where their sender hands them over, for `routing: spray`: a packet
// keeps its ordinal on its way, so that the way depends on what its sender sent and on nothing else.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "protocol/base/types.h"

namespace soliton {

class FlowOrdinals {
 public:
  // For sources below `nodes`.
  explicit FlowOrdinals(std::uint32_t nodes) : sources_(nodes) {}

  // Of the next packet that `source` sends to `destination`; the first one has 0.
  std::uint32_t next(NodeId source, NodeId destination) {
    std::vector<Flow>& flows = sources_[index(source)];
    const auto at =
        std::lower_bound(flows.begin(), flows.end(), destination,
                         [](const Flow& flow, NodeId wanted) { return flow.destination < wanted; });
    if (at != flows.end() && at->destination == destination) return at->packets++;
    flows.insert(at, {destination, 1});
    return 0;
  }

 private:
  struct Flow {
    NodeId destination{};
    std::uint32_t packets = 0;
  };
  std::vector<std::vector<Flow>> sources_;  // flows by destination, ascending
};

}  // namespace soliton
