// The ports of shards at which CPU hosts send and take vectors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/isa/shard.h"

namespace soliton {

struct HostPorts {
  // Of every vector of a source `elements` values from `offset` on go to every destination;
  // `reversed`: the last vector first.
  struct Send {
    // Of LayerGraph::sources; further ones stand for layers outside of the stages.
    std::size_t source = 0;
    std::string host;         // who sends it
    std::int64_t tokens = 0;  // vectors of a request; 0: one for each step
    std::int64_t offset = 0;
    std::int64_t elements = 0;
    bool reversed = false;
    std::vector<OutPort::Destination> destinations;
  };
  // Port `port` of `host` takes `elements` values that belong at `offset` of a vector; `reversed`:
  // the last vector comes first.
  struct Take {
    std::size_t reader = 0;  // of the results, in the order of ports
    std::string host;
    std::uint16_t port = 0;
    std::int64_t tokens = 0;  // as in Send
    std::int64_t offset = 0;
    std::int64_t elements = 0;
    bool reversed = false;
  };
  std::vector<Send> sends;  // in the order in which a step's messages leave
  std::vector<Take> takes;
};

}  // namespace soliton
