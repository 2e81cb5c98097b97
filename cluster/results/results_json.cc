// Keys and their order: docs/results.md. Every key is always there; what was not measured is null.
#include <cmath>

#include "cluster/results/results.h"
#include "cluster/results/statistics.h"
#include "protocol/json/fields_json.h"

namespace soliton {
namespace {

// Null unless `known`.
Json time(Duration value, bool known = true) { return known ? json_us(value) : Json(); }

// A time that is kept as a double: rounded to the picosecond, so that it is spelled like all the
// others.
Json time(double us) {
  constexpr double kLimitUs = 9e12;  // beyond this, picoseconds leave 64 bits
  if (!std::isfinite(us) || std::abs(us) >= kLimitUs) return Json();
  return json_us(Duration{std::llround(us * 1e6)});
}

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

Json breakdown_json(const RunResults& r, bool known) {
  const Breakdown mean = mean_breakdown(r);
  return {{"compute", time(mean.compute, known)},
          {"network", time(mean.network, known)},
          {"queue", time(mean.queue, known)},
          {"host", time(mean.host, known)}};
}

Json node_json(const NodeResult& node) {
  return {{"name", node.name},
          {"device", node.device},
          {"role", node.role},
          {"memory",
           {{"budget_bytes", node.memory_budget.count}, {"used_bytes", node.memory_used.count}}},
          {"busy_fraction", node.busy_fraction},
          {"state", node.state},
          {"errors", fields_json(kNpuErrorFields, &node.npu, node.errors_known)}};
}

// Of a communication workload there is no plan, and all of it is null.
Json partition_json(const PartitionSummary& p) {
  return {{"objective", json_or_null(p.objective, p.known)},
          {"nodes_used", json_or_null(p.nodes_used, p.known)},
          {"cut_bytes_per_request", json_or_null(p.cut_bytes_per_request, p.known)},
          {"predicted_latency_us", p.known ? time(p.predicted_latency_us) : Json()},
          {"lower_bound_us", p.known ? time(p.lower_bound_us) : Json()},
          {"gap", json_or_null(p.gap, p.known)}};
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
  add_fields(kFaultCounterFields, &fault.counters, out);
  return out;
}

Json outputs_json(const OutputSummary& o) {
  return {{"sha256", json_or_null(o.sha256, !o.sha256.empty())},
          {"checked", json_or_null(o.checked, o.known)},
          {"mismatched", json_or_null(o.mismatched, o.known)},
          {"max_abs_error", json_or_null(o.max_abs_error)},
          {"max_rel_error", json_or_null(o.max_rel_error)},
          {"accuracy", json_or_null(o.accuracy)},
          {"accuracy_fp32", json_or_null(o.accuracy_fp32)},
          {"accuracy_per_step", json_or_null(o.accuracy_per_step)}};
}

Json traffic_json(const TrafficResult& t) {
  return {{"kind", t.kind},
          {"message_bytes", t.message_bytes},
          {"bytes", t.bytes},
          {"goodput_gbps", t.goodput_gbps},
          {"line_gbps", json_or_null(t.line_gbps)},
          {"line_share", json_or_null(t.line_share)},
          {"fairness", json_or_null(t.fairness)},
          {"fairness_after_5ms", json_or_null(t.fairness_settled)},
          {"flows", list(t.flows, [](const TrafficResult::Flow& flow) -> Json {
             return {{"from", flow.from},
                     {"to", flow.to},
                     {"messages", flow.messages},
                     {"goodput_gbps", flow.goodput_gbps}};
           })}};
}

Json port_json(const PauseResult::Port& port) {
  return {{"port", port.name},
          {"pauses", port.pauses},
          {"paused_us", time(port.paused)},
          {"held_bytes_max", port.held_max.count},
          {"queue_bytes_max", port.queue_max.count},
          {"lossy_queue_bytes_max", port.lossy_queue_max.count},
          {"dropped", port.dropped}};
}

Json pauses_json(const PauseResult& p) {
  return {{"watchdogs", p.watchdogs},
          {"watchdog_drops", p.watchdog_drops},
          {"lossy_queue_bytes_max", p.lossy_queue_max.count},
          {"ports", list(p.ports, port_json)},
          {"deadlocks", list(p.deadlocks, [](const PauseResult::Deadlock& deadlock) -> Json {
             return {{"at_us", time(deadlock.found.time_since_epoch())}, {"ports", deadlock.ports}};
           })}};
}

Json wall_json(const WallSummary& w) {
  const bool counted = w.events > 0;
  return {{"seconds", w.seconds},
          {"launch_seconds", w.launch_seconds},
          {"events", json_or_null(w.events, counted)},
          {"events_per_second",
           json_or_null(static_cast<double>(w.events) / w.seconds, counted && w.seconds > 0)},
          {"processes", w.processes}};
}

}  // namespace

std::string results_json(const RunResults& r, bool with_wall) {
  const LatencyStatistics latency = latency_statistics(r);
  const bool has_plan = r.partition.known;
  Json out{{"soliton", r.version},
           {"name", r.name},
           {"seed", r.seed},
           {"time", r.time},
           {"complete", r.complete},
           {"requests",
            {{"sent", r.sent},
             {"completed", latency.completed},
             {"failed", r.failed},
             {"duplicated", r.duplicated}}},
           {"latency_us", latency_json(latency)},
           {"throughput_rps", throughput_rps(r)},
           {"effective_tflops", json_or_null(effective_tflops(r), has_plan)},
           {"peak_tflops", json_or_null(r.peak_ops_per_second / 1e12, has_plan)},
           {"utilization", json_or_null(utilization(r), has_plan)},
           {"breakdown_us", breakdown_json(r, latency.completed > 0)},
           {"nodes", list(r.nodes, node_json)},
           {"partition", partition_json(r.partition)},
           {"fabric", fields_json(kFabricFields, &r.fabric, r.fabric.known)},
           {"ltl", ltl_json(r.ltl)},
           {"faults", list(r.faults, fault_json)},
           {"outputs", outputs_json(r.outputs)},
           {"warnings", list(r.warnings, [](const RunWarning& warning) -> Json {
              return {{"id", warning.id}, {"text", warning.text}};
            })}};
  if (with_wall) out["wall"] = wall_json(r.wall);
  if (!r.error.empty()) out["error"] = r.error;
  if (r.traffic) out["traffic"] = traffic_json(*r.traffic);
  if (r.pauses) out["pauses"] = pauses_json(*r.pauses);
  if (r.device) out["device_us"] = histogram_json(*r.device);
  return json_text(out, JsonLayout::kRows) + "\n";
}

}  // namespace soliton
