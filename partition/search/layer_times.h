// What a layer takes at least, however it is spread over nodes and whatever is beside it: the products
// and vector operations of its chains on the fullest of its nodes, with messages that take no time.
#pragma once

#include <cstddef>

#include "partition/search/nodes_view.h"
#include "partition/search/partition.h"

namespace soliton {

struct LayerTimes {
  Duration once{};   // from a whole input vector to a whole output vector
  Duration again{};  // from one output vector to the next
  Duration work{};   // of all matrix-vector units together, for a request
};

// `nodes`: the most that a plan may use.
LayerTimes least_times(const PartitionRequest& request, const NodesView& view, std::size_t layer,
                       std::size_t nodes);
// From the first message to a device until it issues anything.
Duration least_start(const NodesView& view);

}  // namespace soliton
