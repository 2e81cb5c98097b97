#include "partition/cost/connections.h"

#include <algorithm>
#include <limits>

namespace soliton {

std::set<NodePair> talking_pairs(std::span<const Shard> shards, const HostShard& host,
                                 const std::function<std::uint32_t(const std::string&)>& number) {
  std::set<NodePair> pairs;
  const auto add = [&](std::uint32_t from, const std::vector<OutPort::Destination>& destinations) {
    for (const OutPort::Destination& destination : destinations) {
      const std::uint32_t to = number(destination.peer);
      if (to != from) pairs.insert({std::min(from, to), std::max(from, to)});
    }
  };
  for (const Shard& shard : shards)
    for (const OutPort& port : shard.out_ports) add(number(shard.node), port.destinations);
  for (const HostShard::StepPort& port : host.inputs) add(number(host.node), port.destinations);
  return pairs;
}

std::uint8_t channel_of(const NodePair& pair, std::uint32_t host) {
  return pair.first == host || pair.second == host ? kHostChannel : kExchangeChannel;
}

LtlOptions before_replies(LtlOptions options) {
  static constexpr LtlOptions kDefaults;
  const bool chosen = options.weights[kExchangeChannel] != kDefaults.weights[kExchangeChannel] ||
                      options.weights[kHostChannel] != kDefaults.weights[kHostChannel];
  if (!chosen) options.weights[kExchangeChannel] = std::numeric_limits<std::uint8_t>::max();
  return options;
}

}  // namespace soliton
