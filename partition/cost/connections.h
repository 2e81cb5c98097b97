// Which nodes of a plan exchange messages, and on which virtual channel of the transport. The cost
// model and the deployment both use it, so both send packets in the same order.
//
// A slice that devices exchange delays the next step if it is late; a reply to the host delays
// nothing. So when both are ready a device sends to the other devices first: they have a channel of
// their own, and before_replies() gives it the greatest weight. Hosts talk with each other on the
// channel on which devices talk with them.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "fabric/ltl/options.h"
#include "partition/cost/priced_host.h"
#include "protocol/isa/shard.h"

namespace soliton {

inline constexpr std::uint8_t kExchangeChannel = 1;  // between devices
inline constexpr std::uint8_t kHostChannel = 2;      // to and from hosts

// Two nodes, the lower number first.
using NodePair = std::pair<std::uint32_t, std::uint32_t>;

// Each pair once, in ascending order, which is the order of rows in the connection tables. `number`
// gives a node's number by its name.
std::set<NodePair> talking_pairs(std::span<const Shard> shards, std::span<const PricedHost> hosts,
                                 const std::function<std::uint32_t(const std::string&)>& number);

// `hosts`: the numbers of the CPU hosts.
std::uint8_t channel_of(const NodePair& pair, const std::set<std::uint32_t>& hosts);

// Weights that send exchanges before replies, unless `options` already weights the two channels.
LtlOptions before_replies(LtlOptions options);

}  // namespace soliton
