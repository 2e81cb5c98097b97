// Chains: models of which every layer reads the one before it and nothing else. Bounds in time are
// known for their plans.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "partition/cost/priced_host.h"
#include "partition/ir/layer_graph.h"
#include "partition/lower/lower.h"
#include "protocol/base/time.h"

namespace soliton {

// Whether the first layer reads vectors that hosts send, one for each step and dependent on no layer,
// each other one the layer before it, and whether nothing but what the last one makes leaves.
bool is_chain(const LayerGraph& model);

// The clients' own host works before it sends the vectors of a chain, and behind the last result. No
// request can do with less.
struct HostWork {
  Duration before{}, after{};
};
// `hosts`: of a plan; `fpgas`: the nodes that are none of them.
HostWork host_work(const std::vector<PricedHost>& hosts, const std::string& clients);

}  // namespace soliton
