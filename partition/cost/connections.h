// Which nodes of a plan talk to each other, and on which virtual channel of the transport: one
// place for the cost model and for the deployment, so that both send packets in the same order.
//
// Slices that devices exchange hold up the next step, replies to the host hold up nobody. At one
// instant a device therefore sends to its fellows first: they have a channel of their own, and
// before_replies() gives it the greatest weight.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "fabric/ltl/options.h"
#include "protocol/isa/shard.h"

namespace soliton {

inline constexpr std::uint8_t kExchangeChannel = 1;  // between devices
inline constexpr std::uint8_t kHostChannel = 2;      // to and from the host

// Two nodes, the lower number first.
using NodePair = std::pair<std::uint32_t, std::uint32_t>;

// Each pair once, in ascending order: the order of the connection tables' rows. `number` is a
// node's, by name.
std::set<NodePair> talking_pairs(std::span<const Shard> shards, const HostShard& host,
                                 const std::function<std::uint32_t(const std::string&)>& number);

// `host`: the host's number.
std::uint8_t channel_of(const NodePair& pair, std::uint32_t host);

// The weights that put exchanges before replies, unless `options` weigh the two channels
// themselves.
LtlOptions before_replies(LtlOptions options);

}  // namespace soliton
