#include "cluster/why/what_if.h"

#include <fmt/format.h>

#include <algorithm>

namespace soliton {
namespace {

using Reason = std::optional<std::string>;

constexpr std::int64_t kLimit = std::int64_t{1} << 60;

Reason twice_clock(ClusterSpec& spec) {
  bool any = false;
  for (NodeSpec& node : spec.nodes)
    if (node.device.kind == Device::Kind::kNpu && has_model(spec)) {
      node.device.npu.clock.hertz *= 2;
      any = true;
    }
  return any ? std::nullopt : Reason("there is no model on FPGAs");
}

Reason twice_dram(ClusterSpec& spec) {
  bool any = false;
  for (NodeSpec& node : spec.nodes)
    if (node.device.kind == Device::Kind::kNpu &&
        (spec.model.in_dram || !spec.model.places.empty())) {
      node.device.npu.dram_rate.bits_per_second *= 2;
      any = true;
    }
  return any ? std::nullopt : Reason("no layer is in DRAM");
}

Reason faster_host(ClusterSpec& spec) {
  bool any = false;
  for (NodeSpec& node : spec.nodes)
    if (node.device.kind == Device::Kind::kCpu) {
      CpuDevice& cpu = node.device.cpu;
      cpu.operator_overhead /= 2;
      cpu.memory_rate.bits_per_second *= 2;
      cpu.operation_rate.per_second *= 2;
      any = true;
    }
  return any ? std::nullopt : Reason("there is no host");
}

// A copy of the last device that has a part of the model, for the planner to use if it gains by it.
Reason one_more_node(ClusterSpec& spec) {
  if (!has_model(spec)) return "there is no model to divide";
  const auto last = std::find_if(spec.nodes.rbegin(), spec.nodes.rend(), [](const NodeSpec& node) {
    return node.device.kind == Device::Kind::kNpu;
  });
  if (last == spec.nodes.rend()) return "there is no FPGA";
  if (!spec.partition.plan.empty()) return "the plan is given by a file";
  NodeSpec copy = *last;
  copy.name = "one-more";
  if (spec.partition.max_nodes > 0) ++spec.partition.max_nodes;
  // Behind its like, so that hosts keep their places.
  spec.nodes.insert(last.base(), std::move(copy));
  return std::nullopt;
}

Reason no_faults(ClusterSpec& spec) {
  if (spec.faults.empty()) return "there are none";
  spec.faults.clear();
  std::erase_if(spec.expectations, [](const Expectation& e) { return e.key == "fired"; });
  return std::nullopt;
}

Reason twice_window(ClusterSpec& spec) {
  if (spec.fidelity == Fidelity::kMessage) return "messages have no window";
  spec.ltl.window *= 2;
  return std::nullopt;
}

Reason half_load(ClusterSpec& spec) {
  if (!has_model(spec)) return "there are no requests to a model";
  if (spec.workload.arrival == "poisson") {
    spec.workload.rate.per_second = std::max<std::int64_t>(1, spec.workload.rate.per_second / 2);
    return std::nullopt;
  }
  if (spec.workload.clients < 2) return "there is one client";
  spec.workload.clients /= 2;
  return std::nullopt;
}

Reason twice_bandwidth(PreparedRun& run) {
  for (TopologyLink& link : run.topology.links)
    link.rate.bits_per_second = std::min(kLimit, 2 * link.rate.bits_per_second);
  run.spec.ltl.congestion.line_rate.bits_per_second *= 2;
  return std::nullopt;
}

Reason half_latency(PreparedRun& run) {
  for (TopologyLink& link : run.topology.links) link.latency /= 2;
  return std::nullopt;
}

constexpr WhatIf kWhatIfs[] = {
    {"twice the clock of the devices", twice_clock, nullptr},
    {"twice the bandwidth of all cables", nullptr, twice_bandwidth},
    {"half the latency of all cables", nullptr, half_latency},
    {"one more device", one_more_node, nullptr},
    {"hosts twice as fast", faster_host, nullptr},
    {"DRAM twice as fast", twice_dram, nullptr},
    {"twice the window", twice_window, nullptr},
    {"half the clients, or half the rate", half_load, nullptr},
    {"no faults", no_faults, nullptr},
};

tl::unexpected<Diagnostics> not_here(std::string why) {
  Diagnostics out;
  out.add(ErrorCode::kInvalid, std::move(why));
  return tl::unexpected<Diagnostics>(std::move(out));
}

}  // namespace

std::span<const WhatIf> what_ifs() { return kWhatIfs; }

Checked<std::unique_ptr<PreparedRun>> prepare_what_if(const WhatIf& change, ClusterSpec spec) {
  if (change.before != nullptr)
    if (Reason why = change.before(spec)) return not_here(std::move(*why));
  Checked<std::unique_ptr<PreparedRun>> run = prepare(spec);
  if (run && change.after != nullptr)
    if (Reason why = change.after(**run)) return not_here(std::move(*why));
  return run;
}

}  // namespace soliton
