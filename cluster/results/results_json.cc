// Keys and their order: docs/results.md. Every key is always there; what was not measured is null.
#include "cluster/results/critical_path.h"
#include "cluster/results/intervals.h"
#include "cluster/results/results.h"
#include "cluster/results/statistics.h"
#include "protocol/json/fields_json.h"

namespace soliton {
namespace {

// Null unless `known`.
Json time(Duration value, bool known = true) { return known ? json_us(value) : Json(); }

template <typename List, typename Spell>
Json list(const List& items, Spell spell) {
  Json out = Json::array();
  for (const auto& item : items) out.push_back(spell(item));
  return out;
}

Json latency_json(const LatencyStatistics& s) {
  const bool known = s.completed > 0;
  return {{"min", time(s.min, known)}, {"mean", time(s.mean, known)},
          {"p50", time(s.p50, known)}, {"p90", time(s.p90, known)},
          {"p99", time(s.p99, known)}, {"p99_9", time(s.p99_9, known)},
          {"max", time(s.max, known)}};
}

Json interval_json(const std::optional<LatencyInterval>& interval) {
  return interval ? Json::array({json_us(interval->low), json_us(interval->high)}) : Json();
}

// Behind the values, in their order.
void add_intervals(const LatencyIntervals& intervals, Json& out) {
  out["mean_ci95"] = interval_json(intervals.mean);
  out["p50_ci95"] = interval_json(intervals.p50);
  out["p90_ci95"] = interval_json(intervals.p90);
  out["p99_ci95"] = interval_json(intervals.p99);
  out["p99_9_ci95"] = interval_json(intervals.p99_9);
}

Json breakdown_json(const RunResults& r, bool known) {
  const Breakdown mean = mean_breakdown(r);
  return {{"compute", time(mean.compute, known)},
          {"network", time(mean.network, known)},
          {"queue", time(mean.queue, known)},
          {"host", time(mean.host, known)}};
}

Json node_json(const NodeResult& node) {
  Json out{{"name", node.name},
           {"device", node.device},
           {"role", node.role},
           {"memory",
            {{"budget_bytes", node.memory_budget.count}, {"used_bytes", node.memory_used.count}}},
           {"busy_fraction", node.busy_fraction},
           {"state", node.state},
           {"errors", fields_json(kNpuErrorFields, &node.npu, node.errors_known)}};
  if (node.busy_per_request)
    out["busy_us"] = {{"request", time(*node.busy_per_request, true)},
                      {"predicted", time(node.predicted_busy.value_or(Duration{}),
                                         node.predicted_busy.has_value())}};
  if (node.islands) out["islands"] = *node.islands;
  return out;
}

Json histogram_json(const DurationHistogram& h) {
  const bool known = h.count() > 0;
  return {{"min", time(h.min(), known)},
          {"mean", time(h.mean(), known)},
          {"p50", time(h.quantile(0.5), known)},
          {"p99", time(h.quantile(0.99), known)},
          {"p99_9", time(h.quantile(0.999), known)},
          {"max", time(h.max(), known)}};
}

Json ltl_json(const LtlCounters& l) {
  const LtlStats& counts = l;
  Json out{{"carrier", l.carrier}};
  if (!l.listen.empty()) out["listen"] = l.listen;
  out["auth"] = l.auth;
  add_fields(kLtlCountFields, &counts, out, l.known);
  Json refused = fields_json(kCarrierRefusedFields, &l.carriers, l.known);
  add_fields(kLtlRefusedFields, &counts, refused, l.known);
  out["refused"] = std::move(refused);
  out["rtt_us"] = histogram_json(l.rtt);
  return out;
}

Json fault_json(const FaultResult& fault) {
  Json out{{"at_us", time(fault.at.time_since_epoch())},
           {"id", fault.id},
           {"kind", fault.kind},
           {"target", fault.target}};
  add_fields(kFaultVerdictFields, &fault, out);
  add_fields(kFaultCounterFields, &fault.counters, out);
  return out;
}

Json outputs_json(const OutputSummary& o) {
  Json out = fields_json(kOutputSummaryFields, &o, o.known);
  out["accuracy_per_step"] = json_or_null(o.accuracy_per_step);
  return out;
}

Json pauses_json(const PauseResult& p) {
  Json out = fields_json(kPauseResultFields, &p);
  out["deadlocks"] = list(p.deadlocks, [](const PauseResult::Deadlock& deadlock) -> Json {
    return {{"at_us", time(deadlock.found.time_since_epoch())}, {"ports", deadlock.ports}};
  });
  return out;
}

Json series_json(const SeriesResult& series) {
  return {{"interval_us", time(series.interval)},
          {"asked_us", time(series.asked)},
          {"links", series.links.size()}};
}

Json workload_json(const WorkloadResult& w) {
  const LatencyStatistics latency = latency_statistics(w.latencies);
  Json out = fields_json(kWorkloadResultFields, &w);
  out["latency_us"] = latency_json(latency);
  out["latency_us"]["completed"] = latency.completed;
  out["traffic"] = fields_json(kTrafficResultFields, &w.traffic);
  return out;
}

Json service_json(const ServiceResult& s) {
  const LatencyStatistics latency = latency_statistics(s.latencies);
  const bool known = latency.completed > 0;
  const auto table = [](const FieldTable& fields) {
    return [&fields](const auto& item) { return fields_json(fields, &item); };
  };
  return {{"name", s.name},
          {"model", s.model},
          {"requests", fields_json(kServiceRequestFields, &s)},
          {"latency_us", latency_json(latency)},
          {"throughput_rps", s.throughput_rps},
          {"breakdown_us",
           {{"compute", time(s.breakdown.compute, known)},
            {"network", time(s.breakdown.network, known)},
            {"queue", time(s.breakdown.queue, known)},
            {"host", time(s.breakdown.host, known)}}},
          {"partition", fields_json(kServicePartitionFields, &s)},
          {"outputs", fields_json(kServiceOutputFields, &s)},
          {"replicas", list(s.replicas,
                            [](const ServiceResult::Replica& replica) {
                              Json out = fields_json(kReplicaResultFields, &replica);
                              out["nodes"] = replica.nodes;
                              return out;
                            })},
          {"sla", list(s.sla, table(kPromiseFields))}};
}

Json wall_json(const WallSummary& wall) {
  Json out = fields_json(kWallSummaryFields, &wall);
  if (wall.profile) out["profile"] = fields_json(kRunProfileFields, &*wall.profile);
  return out;
}

Json links_json(const RunResults& r) {
  if (!r.links) return nullptr;
  Json out = Json::array();
  for (const LinkResult& link : *r.links) {
    if (out.size() == kLinksShown) break;
    out.push_back(fields_json(kLinkFields, &link));
  }
  return out;
}

Json json_of(const RunResults& r, bool with_wall) {
  const LatencyStatistics latency = latency_statistics(r);
  const bool has_plan = r.partition.known;
  const RequestCounts requests{r.sent, latency.completed + r.warm_up, r.failed, r.duplicated};
  Json out{{"soliton", r.version},
           {"name", r.name},
           {"seed", r.seed},
           {"time", r.time},
           {"fidelity", r.fidelity},
           {"complete", r.complete},
           {"requests", fields_json(kRequestCountFields, &requests)},
           {"latency_us", latency_json(latency)},
           {"throughput_rps", throughput_rps(r)},
           {"effective_tflops", json_or_null(effective_tflops(r), has_plan)},
           {"peak_tflops", json_or_null(r.peak_ops_per_second / 1e12, has_plan)},
           {"utilization", json_or_null(utilization(r), has_plan)},
           {"breakdown_us", breakdown_json(r, latency.completed > 0)},
           {"nodes", list(r.nodes, node_json)},
           {"partition", fields_json(kPartitionSummaryFields, &r.partition, has_plan)},
           {"fabric", fields_json(kFabricFields, &r.fabric, r.fabric.known)},
           {"links", links_json(r)},
           {"ltl", ltl_json(r.ltl)},
           {"faults", list(r.faults, fault_json)},
           {"expect", list(r.expectations,
                           [](const ExpectResult& expect) {
                             return fields_json(kExpectResultFields, &expect);
                           })},
           {"outputs", outputs_json(r.outputs)},
           {"warnings", list(r.warnings, [](const RunWarning& warning) -> Json {
              return {{"id", warning.id}, {"text", warning.text}};
            })}};
  if (r.calibration) out["calibration"] = fields_json(kCalibrationFields, &*r.calibration);
  if (r.energy_uj) out["energy_uj"] = {{"mean", *r.energy_uj}};
  add_intervals(latency_intervals(r), out["latency_us"]);
  if (with_wall) out["wall"] = wall_json(r.wall);
  if (r.tells_of_services && !r.services.empty()) out["services"] = list(r.services, service_json);
  if (!r.error.empty()) out["error"] = r.error;
  if (r.traffic) out["traffic"] = fields_json(kTrafficResultFields, &*r.traffic);
  if (!r.workloads.empty()) out["workloads"] = list(r.workloads, workload_json);
  if (r.background) out["background"] = fields_json(kBackgroundFields, &*r.background);
  if (r.pauses) out["pauses"] = pauses_json(*r.pauses);
  if (r.recovery) out["recovery"] = fields_json(kRecoveryFields, &*r.recovery);
  if (r.series) out["links_series"] = series_json(*r.series);
  if (r.device) out["device_us"] = histogram_json(*r.device);
  return out;
}

std::string text_of(const Json& json) { return json_text(json, JsonLayout::kRows) + "\n"; }

}  // namespace

std::string results_json(const RunResults& r, bool with_wall) {
  return text_of(json_of(r, with_wall));
}

std::string results_json(const RunResults& r, std::span<const CriticalPath> paths) {
  Json out = json_of(r, true);
  if (!paths.empty())
    out["critical_paths"] = list(
        paths, [](const CriticalPath& path) { return fields_json(kCriticalPathFields, &path); });
  return text_of(out);
}

}  // namespace soliton
