#include "partition/cost/playback_network.h"

#include <map>
#include <string>

#include "partition/cost/own_network.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

std::vector<NodeId> vertices(const CostRequest& request) {
  std::vector<NodeId> out;
  if (request.topology == nullptr) return out;
  std::map<std::string, std::uint32_t> nodes;
  for (const Shard& shard : request.shards) nodes[shard.node] = UINT32_MAX;
  for (const PricedHost& host : request.hosts) nodes[host.node] = UINT32_MAX;
  for (std::uint32_t i = 0; i < request.topology->nodes; ++i)
    if (const auto at = nodes.find(request.topology->vertices[i].name); at != nodes.end())
      at->second = i;
  const auto find = [&](const std::string& name) {
    const std::uint32_t found = nodes.at(name);
    SOLITON_CHECK_MSG(found != UINT32_MAX, "{} is not in the topology", name);
    return NodeId{found};
  };
  for (const Shard& shard : request.shards) out.push_back(find(shard.node));
  for (const PricedHost& host : request.hosts) out.push_back(find(host.node));
  return out;
}

Topology own_of(const CostRequest& request, const std::vector<NodeId>& vertex) {
  if (request.topology == nullptr || request.seed) return {};
  return own_network(*request.topology, vertex);
}

}  // namespace

PlaybackNetwork::PlaybackNetwork(const CostRequest& request)
    : request_(request),
      vertex_(vertices(request)),
      own_(own_of(request, vertex_)),
      own_routes_(own_) {}

const Topology* PlaybackNetwork::topology() const {
  return request_.topology == nullptr || as_numbered() ? request_.topology : &own_;
}

const Routes* PlaybackNetwork::routes() const {
  return as_numbered() ? request_.routes : &own_routes_;
}

NodeId PlaybackNetwork::number(std::size_t endpoint) const {
  return as_numbered() ? vertex_[endpoint] : NodeId{static_cast<std::uint32_t>(endpoint)};
}

FlowOptions PlaybackNetwork::flow_options() const {
  FlowOptions out;
  if (request_.topology == nullptr) return out;
  out.topology = topology();
  out.routes = routes();
  if (request_.ltl != nullptr) out.ltl = *request_.ltl;
  out.ltl.mtu = request_.mtu;
  out.seed = request_.seed;
  std::map<std::string, std::uint32_t> numbers;
  const std::size_t shards = request_.shards.size();
  for (std::size_t i = 0; i < vertex_.size(); ++i) {
    const std::string& name =
        i < shards ? request_.shards[i].node : request_.hosts[i - shards].node;
    numbers[name] = index(number(i));
    out.node.push_back(number(i));
    if (i >= shards) out.hosts.insert(index(number(i)));
  }
  out.pairs = talking_pairs(request_.shards, request_.hosts,
                            [&](const std::string& name) { return numbers.at(name); });
  return out;
}

}  // namespace soliton
