#include "tests/sim/idle/idle_cluster.h"

#include <fmt/format.h>

#include "cluster/run/deploy.h"
#include "cluster/run/run.h"
#include "cluster/run/traffic.h"
#include "node/traffic/traffic_kind.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

ClusterSpec idle_spec(std::uint32_t nodes, const std::string& topology) {
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
  Traffic& ping = spec.workload.traffic.emplace(traffic_of_kind(*find_traffic_kind("ping")));
  ping.senders = {NodeId{0}};
  ping.receiver = NodeId{1};
  ping.bytes = 64;
  ping.count = 1;
  return spec;
}

}  // namespace

ClusterOutcome run_idle(std::uint32_t nodes, const std::string& topology) {
  const Checked<std::unique_ptr<PreparedRun>> prepared = prepare(idle_spec(nodes, topology));
  SOLITON_CHECK_MSG(prepared.has_value(), "{}", prepared.error().text());
  const PreparedRun& run = **prepared;
  ControlLoop loop;
  RunControl control;
  control.loop = &loop;
  control.time_limit = milliseconds(1'000);
  return run_assignments(
      run, make_assignments(run.spec, traffic_of(run.spec), run.topology, *run.routes, run.faults),
      control);
}

}  // namespace soliton
