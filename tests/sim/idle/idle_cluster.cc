#include "tests/sim/idle/idle_cluster.h"

#include <fmt/format.h>

#include "cluster/run/deploy.h"
#include "cluster/run/run.h"
#include "cluster/run/traffic.h"
#include "node/traffic/traffic_kind.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

ClusterSpec spec_of(std::uint32_t nodes, const std::string& topology) {
  ClusterSpec spec;
  spec.name = "idle";
  spec.processes = ProcessMode::kPacked;
  spec.topology.name = spec.topology.kind = topology;
  if (topology == "rack") spec.topology.options = {{"hosts_per_rack", {std::int64_t{nodes}}}};
  for (std::uint32_t i = 0; i < nodes; ++i) {
    NodeSpec& node = spec.nodes.emplace_back();
    node.name = fmt::format("fpga{}", i);
    node.device.kind = Device::Kind::kCpu;
  }
  return spec;
}

Traffic& add_traffic(ClusterSpec& spec, const char* kind) {
  Traffic& out = spec.workload.traffic.emplace(traffic_of_kind(*find_traffic_kind(kind)));
  out.bytes = 64;
  out.count = 1;
  return out;
}

ClusterOutcome play(const ClusterSpec& spec, Duration limit) {
  const Checked<std::unique_ptr<PreparedRun>> prepared = prepare(spec);
  SOLITON_CHECK_MSG(prepared.has_value(), "{}", prepared.error().text());
  const PreparedRun& run = **prepared;
  ControlLoop loop;
  RunControl control;
  control.loop = &loop;
  control.time_limit = limit;
  return run_assignments(
      run, make_assignments(run.spec, traffic_of(run.spec), run.topology, *run.routes, run.faults),
      control);
}

}  // namespace

ClusterOutcome run_idle(std::uint32_t nodes, const std::string& topology) {
  ClusterSpec spec = spec_of(nodes, topology);
  Traffic& ping = add_traffic(spec, "ping");
  ping.senders = {NodeId{0}};
  ping.receiver = NodeId{1};
  return play(spec, milliseconds(1'000));
}

ClusterOutcome begin_all_gather(std::uint32_t nodes) {
  ClusterSpec spec = spec_of(nodes, "datacenter");
  Traffic& gather = add_traffic(spec, "all-gather");
  SOLITON_CHECK(set_own(gather, "schedule", "ring").has_value());
  for (std::uint32_t i = 0; i < nodes; ++i) gather.senders.push_back(NodeId{i});
  return play(spec, microseconds(1));
}

}  // namespace soliton
