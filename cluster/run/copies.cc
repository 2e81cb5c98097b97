#include "cluster/run/copies.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "cluster/run/run.h"
#include "cluster/run/shared_devices.h"
#include "protocol/base/located.h"

namespace soliton {
namespace {

constexpr std::uint32_t kPortsMost = 1U << 16;

std::size_t copies_of(const PreparedRun& run) {
  return static_cast<std::size_t>(run.spec.service.replicas);
}

// The NPUs that the service may use, as indices into the nodes of the file.
std::vector<std::size_t> pool_of(const PreparedRun& run) {
  const std::vector<std::string>& forbidden = run.spec.partition.forbid;
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < run.spec.nodes.size(); ++i) {
    const NodeSpec& node = run.spec.nodes[i];
    if (node.device.kind == Device::Kind::kNpu && !run.barred.contains(node.name) &&
        std::ranges::find(forbidden, node.name) == forbidden.end())
      out.push_back(i);
  }
  return out;
}

std::size_t slice_of(const PreparedRun& run, const std::vector<std::size_t>& pool) {
  return std::max<std::size_t>(1, pool.size() / copies_of(run));
}

// Takes nodes for the copies, one after the other.
class Pool {
 public:
  explicit Pool(const PreparedRun& run)
      : run_(run), nodes_(pool_of(run)), slice_(slice_of(run, nodes_)), free_(nodes_.size(), true) {
    for (const Shard& shard : run.plan.shards)
      if (const std::size_t at = position(shard.node); at < nodes_.size()) free_[at] = false;
  }

  std::size_t size() const { return nodes_.size(); }

  // For what the plan has on a node: the node at its position in the slice of the copy, or else the first
  // whose device can have it. Null: there is none.
  const std::string* take(const Shard& shard, std::size_t copy) {
    const std::size_t at = position(shard.node);
    if (at < slice_ && is_free(at + copy * slice_, shard)) return use(at + copy * slice_);
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      if (is_free(i, shard)) return use(i);
    return nullptr;
  }

 private:
  const NodeSpec& spec(std::size_t at) const { return run_.spec.nodes[nodes_[at]]; }
  std::size_t position(const std::string& node) const {
    std::size_t at = 0;
    while (at < nodes_.size() && spec(at).name != node) ++at;
    return at;
  }
  bool is_free(std::size_t at, const Shard& shard) const {
    return at < nodes_.size() && free_[at] && can_have(spec(at).device.npu, shard);
  }
  const std::string* use(std::size_t at) {
    free_[at] = false;
    return &spec(at).name;
  }

  const PreparedRun& run_;
  std::vector<std::size_t> nodes_;
  std::size_t slice_;
  std::vector<bool> free_;
};

Bytes on_chip(const Plan& plan) {
  Bytes out{};
  for (const Placement& placement : plan.placements)
    for (const MemoryUse& use : placement.memory)
      if (use.memory != "Dram") out += use.used_bytes;
  return out;
}

// What the clients need beside the model.
Diagnostics check_copies(const PreparedRun& run, std::size_t hosts) {
  Diagnostics problems;
  const std::string& position = run.spec.model.position;
  if (!run.graph->graph.states.empty() && (copies_of(run) > 1 || hosts > 1))
    problems.add(ErrorCode::kInvalid,
                 located(position,
                         "model: its state is carried from request to request, so there "
                         "must be one replica and one host with clients; or write "
                         "model.state: zero to begin every request with zeros"));
  if (!run.graph->on_fpgas() && copies_of(run) > hosts)
    problems.add(ErrorCode::kInvalid,
                 located(position, fmt::format("model: runs on CPUs alone, where a host has one "
                                               "copy: {} replicas need as many workload.hosts, and "
                                               "there are {}",
                                               copies_of(run), hosts)));
  return problems;
}

Error too_few(const PreparedRun& run, std::size_t placed, std::size_t usable) {
  const std::size_t each = run.plan.shards.size();
  const Bytes of_one = on_chip(run.plan);
  const auto missing = static_cast<std::int64_t>(copies_of(run) - placed);
  return {ErrorCode::kDoesNotFit,
          located(run.spec.service.position.empty() ? run.spec.model.position
                                                    : run.spec.service.position,
                  fmt::format("{} replicas of {} on {} device{} each need {} of the kind that the "
                              "plan uses, and {} can be used: {} fit{}, and {} of on-chip memory "
                              "are short for the others",
                              copies_of(run), run.plan.model, each, each == 1 ? "" : "s",
                              copies_of(run) * each, usable, placed, placed == 1 ? "s" : "",
                              describe(Bytes{missing * of_one.count})))};
}

std::string where_words(const PreparedRun& run, std::size_t number) {
  const CopyPlace& copy = run.copies[number];
  std::vector<std::string> nodes;
  for (const Shard& shard : run.plan.shards) nodes.push_back(copy.node(shard.node));
  return fmt::format("copy {} {}asked through {}", number,
                     nodes.empty() ? "" : fmt::format("on {}, ", fmt::join(nodes, ", ")),
                     copy.front);
}

// How many ports each node of the plan has.
std::map<std::string, std::uint32_t> ports_of_plan(const PreparedRun& run) {
  const PlacedGraph& placed = run.graph->placed;
  std::map<std::string, std::uint32_t> out;
  const auto has = [&out](const std::string& node, std::size_t end) {
    out[node] = std::max(out[node], static_cast<std::uint32_t>(end));
  };
  has(placed.clients, placed.first_reply + run.graph->graph.outputs.size());
  for (const Shard& shard : run.plan.shards) has(shard.node, shard.in_ports.size());
  for (const HostParts& host : placed.hosts) {
    for (const CpuPart& part : host.parts)
      has(host.node, part.first_port + part.graph.inputs.size());
    for (const StreamIn& stream : host.streams)
      has(host.node, stream.first_port + stream.slices.size());
  }
  return out;
}

}  // namespace

const std::string& CopyPlace::node(const std::string& of_plan) const {
  const auto at = nodes.find(of_plan);
  return at == nodes.end() ? of_plan : at->second;
}

std::uint16_t CopyPlace::port(const std::string& node_of_plan, std::uint16_t of_plan) const {
  const auto first = first_port.find(node_of_plan);
  return first == first_port.end() ? of_plan : static_cast<std::uint16_t>(first->second + of_plan);
}

std::vector<std::string> client_hosts_of(const ClusterSpec& spec) {
  if (!spec.workload.hosts.empty()) return spec.workload.hosts;
  const auto first = std::ranges::find_if(
      spec.nodes, [](const NodeSpec& node) { return node.device.kind == Device::Kind::kCpu; });
  return first == spec.nodes.end() ? std::vector<std::string>{} : std::vector{first->name};
}

void confine(const PreparedRun& run, PlanConstraints& constraints) {
  const bool whole = copies_of(run) == 1 || constraints.given;
  if (whole && run.barred.empty()) return;
  const std::vector<std::size_t> pool = pool_of(run);
  const std::size_t most = whole ? pool.size() : std::min(pool.size(), slice_of(run, pool));
  constraints.forbidden.assign(run.spec.nodes.size(), true);
  for (std::size_t i = 0; i < most; ++i) constraints.forbidden[pool[i]] = false;
}

std::string slice_words(const PreparedRun& run) {
  if (copies_of(run) == 1) return run.spec.service.share ? "beside other services: " : "";
  const std::vector<std::size_t> pool = pool_of(run);
  return fmt::format("with {} replicas each may use {} of {} devices: ", copies_of(run),
                     slice_of(run, pool), pool.size());
}

Diagnostics place_copies(PreparedRun& run) {
  const std::vector<std::string> hosts = client_hosts_of(run.spec);
  Diagnostics problems = check_copies(run, hosts.size());
  if (!problems.empty()) return problems;
  Pool pool(run);
  for (std::size_t number = 0; number < copies_of(run); ++number) {
    CopyPlace copy;
    copy.front = hosts[number % hosts.size()];
    if (copy.front != hosts.front()) copy.nodes[hosts.front()] = copy.front;
    for (const Shard& shard : run.plan.shards) {
      if (number == 0) break;
      const std::string* const node = pool.take(shard, number);
      if (node == nullptr) return problems.add(too_few(run, number, pool.size())), problems;
      copy.nodes[shard.node] = *node;
    }
    for (const std::string& host : hosts)
      if (host != copy.front) copy.guests.push_back({host, 0, 0});
    run.copies.push_back(std::move(copy));
  }
  if (copies_of(run) > 1)
    for (std::size_t number = 0; number < copies_of(run); ++number)
      run.plan.explanation.push_back(where_words(run, number));
  return problems;
}

Diagnostics deal_ports(PreparedRun& run) {
  std::map<std::string, std::uint32_t> next;
  Diagnostics problems;
  const auto deal = [&](const std::string& node, std::size_t ports) {
    const std::uint32_t first = next[node];
    next[node] += static_cast<std::uint32_t>(ports);
    if (first < kPortsMost && next[node] >= kPortsMost)
      problems.add(ErrorCode::kInvalid,
                   located(run.spec.model.position,
                           fmt::format("model: its copies need more than {} ports of {}; spread "
                                       "the clients over more workload.hosts",
                                       kPortsMost, node)));
    return static_cast<std::uint16_t>(first);
  };
  const auto deal_service = [&](PreparedRun& service) {
    const std::map<std::string, std::uint32_t> ports = ports_of_plan(service);
    for (CopyPlace& copy : service.copies)
      for (const auto& [node, count] : ports) copy.first_port[node] = deal(copy.node(node), count);
    for (CopyPlace& copy : service.copies)
      for (CopyPlace::Guest& guest : copy.guests) {
        guest.inputs = deal(copy.front, service.graph->placed.sends.size());
        guest.replies = deal(guest.node, service.graph->graph.outputs.size());
      }
  };
  deal_service(run);
  for (const std::unique_ptr<PreparedRun>& other : run.others) deal_service(*other);
  return problems;
}

Shard shard_at(const Shard& shard, const CopyPlace& copy) {
  Shard out = shard;
  out.node = copy.node(shard.node);
  for (OutPort& port : out.out_ports)
    for (OutPort::Destination& to : port.destinations) {
      // What a device keeps for itself stays within its program.
      if (to.peer != shard.node) to.port = copy.port(to.peer, to.port);
      to.peer = copy.node(to.peer);
    }
  return out;
}

std::vector<PartPort> ports_at(const std::vector<PartPort>& ports, const CopyPlace& copy) {
  std::vector<PartPort> out = ports;
  for (PartPort& port : out) {
    port.port = copy.port(port.node, port.port);
    port.node = copy.node(port.node);
  }
  return out;
}

HostParts parts_at(const HostParts& host, const CopyPlace& copy) {
  HostParts out = host;
  out.node = copy.node(host.node);
  for (CpuPart& part : out.parts) {
    part.first_port = copy.port(host.node, part.first_port);
    for (std::vector<PartPort>& ports : part.outputs) ports = ports_at(ports, copy);
  }
  for (StreamIn& stream : out.streams) {
    stream.first_port = copy.port(host.node, stream.first_port);
    stream.to = ports_at(stream.to, copy);
  }
  return out;
}

std::vector<InitialArray> initial_at(const std::vector<InitialArray>& initial,
                                     const CopyPlace& copy) {
  std::vector<InitialArray> out = initial;
  for (auto& [array, ports] : out) ports = ports_at(ports, copy);
  return out;
}

}  // namespace soliton
