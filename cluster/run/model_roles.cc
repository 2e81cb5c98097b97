#include "cluster/run/model_roles.h"

#include <algorithm>
#include <map>

#include "cluster/run/deploy.h"
#include "node/roles/roles.h"
#include "node/service/shared_npu.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

class RoleMaker {
 public:
  explicit RoleMaker(const PreparedRun& run) : run_(run) {
    out_.roles.resize(run.spec.nodes.size());
  }

  ModelRoles make() {
    std::uint16_t number = 0;
    for (const PreparedRun* service : services_of(run_)) add_service(*service, number++);
    deploy_shards();
    for (auto& [node, spec] : hosts_) {
      const std::uint32_t at = node_number(run_.spec, node);
      spec.device = run_.spec.nodes[at].device.cpu;
      talk_of(node, spec);
      out_.hosts.insert(at);
      out_.roles[at] = {kCpuRole, std::move(spec)};
    }
    return std::move(out_);
  }

 private:
  void add_service(const PreparedRun& service, std::uint16_t number) {
    add_clients(service, number);
    for (const CopyPlace& copy : service.copies) {
      for (const Shard& shard : service.plan.shards)
        add_shard({shard_at(shard, copy), copy.port(shard.node, 0)});
      for (const HostParts& host : service.graph->placed.hosts) {
        HostParts parts = parts_at(host, copy);
        CpuSpec& spec = host_named(parts.node, service);
        std::ranges::move(parts.parts, std::back_inserter(spec.parts));
        std::ranges::move(parts.streams, std::back_inserter(spec.streams));
      }
    }
  }

  void add_shard(SharedShards::Part part) {
    const Shard& shard = part.shard;
    for (const OutPort& port : shard.out_ports)
      for (const OutPort::Destination& to : port.destinations) talk(shard.node, to.peer);
    shards_[node_number(run_.spec, shard.node)].parts.push_back(std::move(part));
  }

  // Ports were dealt to services in this order, so those of a node ascend.
  void deploy_shards() {
    for (auto& [node, shards] : shards_) {
      if (shards.parts.size() == 1 && shards.parts.front().first_port == 0)
        out_.roles[node] = {kNpuRole, std::move(shards.parts.front().shard)};
      else
        out_.roles[node] = {kSharedNpuRole, std::move(shards)};
    }
  }

  CpuSpec& host_named(const std::string& node, const PreparedRun& service) {
    CpuSpec& spec = hosts_[node];
    spec.batch = std::max(spec.batch, static_cast<std::uint32_t>(service.spec.service.batch));
    return spec;
  }

  void add_clients(const PreparedRun& service, std::uint16_t number) {
    const std::vector<std::string> hosts = client_hosts_of(service.spec);
    const GraphRun& graph = *service.graph;
    for (std::uint32_t h = 0; h < hosts.size(); ++h) {
      GraphClients& clients = host_named(hosts[h], service).clients.emplace_back();
      clients.workload = client_workload(service.spec);
      clients.workload.hosts = static_cast<std::uint32_t>(hosts.size());
      clients.workload.host = h;
      for (std::uint32_t own = 0;
           own < clients.workload.own_requests() && !service.spec.workload.arrivals.empty(); ++own)
        clients.instants.push_back(
            service.spec.workload.arrivals[own * clients.workload.hosts + h]);
      clients.inputs = graph.workload.inputs;
      clients.service = number;
      clients.replies = static_cast<std::uint16_t>(graph.graph.outputs.size());
      clients.carries_state = !graph.graph.states.empty();
      clients.copies.clear();
      for (const CopyPlace& copy : service.copies)
        clients.copies.push_back(seen_from(hosts[h], graph.placed, copy));
    }
  }

  // A copy as a host sees it that has clients.
  static ModelCopy seen_from(const std::string& host, const PlacedGraph& placed,
                             const CopyPlace& copy) {
    ModelCopy out;
    if (host == copy.front) {
      for (const std::vector<PartPort>& ports : placed.sends)
        out.sends.push_back(ports_at(ports, copy));
      out.first_port = copy.port(placed.clients, placed.first_reply);
      out.initial = initial_at(placed.initial, copy);
      for (const CopyPlace::Guest& guest : copy.guests)
        out.guests.push_back({guest.node, guest.inputs, guest.replies});
      return out;
    }
    const auto guest = std::ranges::find(copy.guests, host, &CopyPlace::Guest::node);
    SOLITON_CHECK(guest != copy.guests.end());
    out.first_port = guest->replies;
    for (std::size_t k = 0; k < placed.sends.size(); ++k) {
      std::vector<PartPort>& ports = out.sends.emplace_back();
      if (!placed.sends[k].empty())
        ports.push_back({copy.front, static_cast<std::uint16_t>(guest->inputs + k)});
    }
    return out;
  }

  void talk(const std::string& from, const std::string& to) {
    const std::uint32_t a = node_number(run_.spec, from), b = node_number(run_.spec, to);
    if (a != b) out_.pairs.insert({std::min(a, b), std::max(a, b)});
  }
  void talk(const std::string& from, const std::vector<PartPort>& to) {
    for (const PartPort& port : to) talk(from, port.node);
  }

  void talk_of(const std::string& host, const CpuSpec& spec) {
    for (const CpuPart& part : spec.parts)
      for (const auto& ports : part.outputs) talk(host, ports);
    for (const StreamIn& stream : spec.streams) talk(host, stream.to);
    for (const GraphClients& clients : spec.clients)
      for (const ModelCopy& copy : clients.copies) {
        for (const auto& ports : copy.sends) talk(host, ports);
        for (const InitialArray& initial : copy.initial) talk(host, initial.second);
        for (const CopyGuest& guest : copy.guests) talk(host, guest.node);
      }
  }

  const PreparedRun& run_;
  ModelRoles out_;
  std::map<std::string, CpuSpec> hosts_;          // by node
  std::map<std::uint32_t, SharedShards> shards_;  // by number of the node
};

}  // namespace

ModelRoles model_roles(const PreparedRun& run) { return RoleMaker(run).make(); }

std::uint32_t node_number(const ClusterSpec& spec, const std::string& name) {
  const auto found = std::ranges::find(spec.nodes, name, &NodeSpec::name);
  SOLITON_CHECK_MSG(found != spec.nodes.end(), "there is no node \"{}\"", name);
  return static_cast<std::uint32_t>(found - spec.nodes.begin());
}

}  // namespace soliton
