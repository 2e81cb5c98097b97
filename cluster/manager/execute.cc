#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "cluster/manager/deploy.h"
#include "cluster/manager/run.h"
#include "partition/cost/cost_model.h"
#include "protocol/control/data_message.h"

namespace soliton {
namespace {

// The partitioner may not see the codec of data messages, but must price the same header.
static_assert(kCostMessageHeaderBytes == static_cast<std::int64_t>(kDataHeaderBytes));

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The first NPU's device stands for all where only its number formats and native dimension matter.
std::unique_ptr<Plan> unsharded_plan(const PreparedRun& run, std::optional<Error>& error) {
  Checked<Plan> plan = unsharded(run.model, run.plan.shards.front().device,
                                 run.spec.model.precision, run.plan.host_shard.device);
  if (plan) return std::make_unique<Plan>(std::move(*plan));
  error = Error{plan.error().errors.front().code, plan.error().text()};
  return nullptr;
}

ClusterOutcome run_cluster(const PreparedRun& run, const RunControl& control) {
  const std::vector<NodeAssignment> nodes = make_assignments(
      run.spec, run.plan, run.topology, *run.routes, run.faults, run.workload.inputs);
  const FabricInputs fabric{&run.topology, run.routes.get(), &run.faults};
  if (run.spec.time == TimeMode::kWall) return run_wall(nodes, control);
  if (run.spec.processes == ProcessMode::kPacked) return run_packed(nodes, fabric, control);
  return run_processes(nodes, fabric, control);
}

double operations_per_request(const PreparedRun& run, const std::vector<HostRecord>& records) {
  if (records.empty()) return 0;
  Model counted = run.model;
  if (run.spec.model.count_as_hidden != 0) {
    RnnOptions options = *run.spec.model.rnn;
    options.hidden = run.spec.model.count_as_hidden;
    options.input = 0;
    options.with_weights = false;
    counted = build_rnn(options);
  }
  double sum = 0;
  for (const HostRecord& record : records)
    sum += static_cast<double>(operations(counted, record.steps));
  return sum / static_cast<double>(records.size());
}

void fill_nodes(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results) {
  const double elapsed = std::max(in_us(outcome.end), 1e-6);
  for (std::size_t i = 0; i < run.spec.nodes.size(); ++i) {
    const NodeSpec& spec = run.spec.nodes[i];
    NodeResult node;
    node.name = spec.name;
    node.device = spec.device.name();
    node.role = spec.name == run.plan.host ? "host" : "idle";
    for (const Placement& placement : run.plan.placements) {
      if (placement.node != spec.name) continue;
      node.role = "npu";
      for (const MemoryUse& use : placement.memory) {
        if (use.memory == "Dram") continue;  // off chip, and of another order of size
        node.memory_budget += use.capacity_bytes;
        node.memory_used += use.used_bytes;
      }
    }
    if (i < outcome.stats.size() && outcome.stats[i]) {
      const Duration busy = outcome.stats[i]->npu.busy + outcome.stats[i]->host_busy;
      node.busy_fraction = std::min(1.0, in_us(busy) / elapsed);
    }
    if (i < outcome.node_failed.size() && outcome.node_failed[i]) node.state = "failed";
    results.nodes.push_back(std::move(node));
  }
}

std::string effect_of(const FaultCounters& hits) {
  if (hits.dropped == 0 && hits.delayed == 0) return "never hit";
  if (hits.dropped == 0) return fmt::format("delayed {} packets", hits.delayed);
  return fmt::format("dropped {} packets", hits.dropped);
}

void fill_fabric(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results) {
  LtlStats ltl;
  std::vector<FaultCounters> hits = outcome.faults;
  hits.resize(run.faults.rules.size());
  for (const std::optional<NodeStats>& stats : outcome.stats) {
    if (!stats) continue;
    ltl.merge(stats->ltl);
    results.sent += static_cast<std::int64_t>(stats->sent);
    results.duplicated += static_cast<std::int64_t>(stats->duplicated);
    for (std::size_t rule = 0; rule < std::min(hits.size(), stats->faults.size()); ++rule) {
      hits[rule].dropped += stats->faults[rule].dropped;
      hits[rule].delayed += stats->faults[rule].delayed;
    }
  }
  results.ltl = {ltl.messages_sent, ltl.packets_sent, ltl.retransmitted,
                 ltl.timeouts,      ltl.nacks_sent,   ltl.rtt};
  const bool wall = run.spec.time == TimeMode::kWall;
  results.fabric.packets = wall ? ltl.packets_sent : outcome.network.packets;
  results.fabric.bytes = wall ? ltl.bytes_sent : outcome.network.bytes;
  results.fabric.dropped = outcome.network.dropped_queue;
  for (std::size_t rule = 0; rule < hits.size(); ++rule) {
    results.fabric.dropped += hits[rule].dropped;
    const FaultRule& fault = run.faults.rules[rule];
    results.faults.push_back(
        {fault.from, fault_kind_name(fault.kind), fault.target, effect_of(hits[rule])});
  }
}

// The node whose modelled work a request is longest stands for the modelled device time.
std::optional<DurationHistogram> device_time(const ClusterOutcome& outcome) {
  std::optional<DurationHistogram> longest;
  for (const std::optional<NodeStats>& stats : outcome.stats)
    if (stats && stats->device_time.count() > 0 &&
        (!longest || stats->device_time.mean() > longest->mean()))
      longest = stats->device_time;
  return longest;
}

double peak_of(const PreparedRun& run) {
  double peak = 0;
  for (const Shard& shard : run.plan.shards) peak += shard.device.peak_ops_per_second();
  return peak;
}

void fill_plan(const PreparedRun& run, RunResults& results) {
  const Certificate& certificate = run.plan.certificate;
  PartitionSummary& partition = results.partition;
  partition.objective = certificate.objective;
  partition.nodes_used = run.plan.nodes_used;
  partition.cut_bytes_per_request = run.plan.cut_bytes_per_request;
  partition.predicted_latency_us = in_us(run.plan.predicted_latency);
  partition.lower_bound_us = in_us(certificate.lower_bound);
  if (certificate.lower_bound.count() > 0)
    partition.gap = static_cast<double>((certificate.value - certificate.lower_bound).count()) /
                    static_cast<double>(certificate.lower_bound.count());
}

void fill_times(const std::vector<HostRecord>& records, RunResults& results) {
  for (const HostRecord& record : records) {
    results.first_sent =
        &record == &records.front() ? record.sent : std::min(results.first_sent, record.sent);
    results.last_completed = std::max(results.last_completed, record.completed);
  }
}

}  // namespace

FinishedRun execute_run(const PreparedRun& run, const RunControl& control) {
  const Clock::time_point started = Clock::now();
  FinishedRun finished;
  RunResults& results = finished.results;
  std::unique_ptr<Plan> whole;
  std::unique_ptr<Reference> reference;
  const std::uint32_t every = functional_every(run.spec);
  if (every != 0) {
    whole = unsharded_plan(run, finished.error);
    if (!whole) return finished;
    reference =
        std::make_unique<Reference>(whole->shards.front(), whole->host_shard, run.workload.inputs,
                                    static_cast<std::uint32_t>(run.spec.workload.requests), every);
  }
  ClusterOutcome outcome = run_cluster(run, control);
  if (reference && outcome.records.size() < static_cast<std::size_t>(run.spec.workload.requests))
    reference->abandon();
  results.name = run.spec.name;
  results.seed = run.spec.seed;
  results.time = run.spec.time == TimeMode::kWall ? "wall" : "virtual";
  results.complete = !outcome.error && outcome.interrupted_by == 0;
  if (outcome.error) results.error = outcome.error->message;
  results.operations_per_request = operations_per_request(run, outcome.records);
  results.peak_ops_per_second = peak_of(run);
  fill_times(outcome.records, results);
  fill_nodes(run, outcome, results);
  fill_plan(run, results);
  fill_fabric(run, outcome, results);
  results.failed = results.sent - static_cast<std::int64_t>(outcome.records.size());
  if (run.spec.time == TimeMode::kWall) results.device = device_time(outcome);
  judge(run.workload, std::move(outcome.records), reference.get(), results);
  for (std::optional<NodeStats>& stats : outcome.stats)
    if (stats)
      finished.trace.insert(finished.trace.end(), stats->trace.begin(), stats->trace.end());
  finished.trace.insert(finished.trace.end(), outcome.trace.begin(), outcome.trace.end());
  finished.error = outcome.error;
  finished.interrupted_by = outcome.interrupted_by;
  results.wall = {seconds_since(started), outcome.launch_seconds, outcome.events,
                  outcome.processes};
  return finished;
}

}  // namespace soliton
