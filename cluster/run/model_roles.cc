#include "cluster/run/model_roles.h"

#include <algorithm>

#include "node/roles/roles.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

class RoleMaker {
 public:
  explicit RoleMaker(const PreparedRun& run) : run_(run) {
    out_.roles.resize(run.spec.nodes.size());
  }

  ModelRoles make() {
    const PlacedGraph& placed = run_.graph->placed;
    for (const auto& ports : placed.sends) talk(run_.plan.host, ports);
    for (const auto& initial : placed.initial) talk(run_.plan.host, initial.second);
    for (const HostParts& host : placed.hosts) {
      for (const CpuPart& part : host.parts)
        for (const auto& ports : part.outputs) talk(host.node, ports);
      for (const StreamIn& stream : host.streams) talk(host.node, stream.to);
    }
    for (const Shard& shard : run_.plan.shards) {
      for (const OutPort& port : shard.out_ports)
        for (const OutPort::Destination& to : port.destinations) talk(shard.node, to.peer);
      out_.roles[node_number(run_.spec, shard.node)] = {kNpuRole, shard};
    }
    for (const std::string& node : cpu_nodes_of(run_)) {
      const std::uint32_t number = node_number(run_.spec, node);
      out_.hosts.insert(number);
      out_.roles[number] = {kCpuRole, cpu_spec_of(run_, node)};
    }
    return std::move(out_);
  }

 private:
  void talk(const std::string& from, const std::string& to) {
    const std::uint32_t a = node_number(run_.spec, from), b = node_number(run_.spec, to);
    if (a != b) out_.pairs.insert({std::min(a, b), std::max(a, b)});
  }
  void talk(const std::string& from, const std::vector<PartPort>& to) {
    for (const PartPort& port : to) talk(from, port.node);
  }

  const PreparedRun& run_;
  ModelRoles out_;
};

}  // namespace

ModelRoles model_roles(const PreparedRun& run) { return RoleMaker(run).make(); }

std::uint32_t node_number(const ClusterSpec& spec, const std::string& name) {
  const auto found = std::ranges::find(spec.nodes, name, &NodeSpec::name);
  SOLITON_CHECK_MSG(found != spec.nodes.end(), "there is no node \"{}\"", name);
  return static_cast<std::uint32_t>(found - spec.nodes.begin());
}

}  // namespace soliton
