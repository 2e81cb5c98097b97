#include "partition/cost/connections.h"

#include <algorithm>
#include <limits>

namespace soliton {

std::set<NodePair> talking_pairs(std::span<const Shard> shards, std::span<const PricedHost> hosts,
                                 const std::function<std::uint32_t(const std::string&)>& number) {
  std::set<NodePair> pairs;
  const auto add = [&](std::uint32_t from, const std::string& peer) {
    const std::uint32_t to = number(peer);
    if (to != from) pairs.insert({std::min(from, to), std::max(from, to)});
  };
  for (const Shard& shard : shards) {
    const std::uint32_t from = number(shard.node);
    for (const OutPort& port : shard.out_ports)
      for (const OutPort::Destination& to : port.destinations) add(from, to.peer);
  }
  for (const PricedHost& host : hosts) {
    const std::uint32_t from = number(host.node);
    const auto add_all = [&](const std::vector<PricedSend>& sends) {
      for (const PricedSend& send : sends) add(from, send.node);
    };
    for (const PricedPart& part : host.parts) add_all(part.sends);
    if (!host.clients) continue;
    add_all(host.clients->sends);
    add_all(host.clients->initial);
  }
  return pairs;
}

std::uint8_t channel_of(const NodePair& pair, const std::set<std::uint32_t>& hosts) {
  return hosts.contains(pair.first) || hosts.contains(pair.second) ? kHostChannel
                                                                   : kExchangeChannel;
}

LtlOptions before_replies(LtlOptions options) {
  static constexpr LtlOptions kDefaults;
  const bool chosen = options.weights[kExchangeChannel] != kDefaults.weights[kExchangeChannel] ||
                      options.weights[kHostChannel] != kDefaults.weights[kHostChannel];
  if (!chosen) options.weights[kExchangeChannel] = std::numeric_limits<std::uint8_t>::max();
  return options;
}

}  // namespace soliton
