// Keys and their order: docs/results.md. Every key is always there; what was not measured is null.
#include <cmath>
#include <limits>

#include "cluster/results/json.h"
#include "cluster/results/results.h"
#include "cluster/results/statistics.h"

namespace soliton {
namespace {

using Layout = JsonWriter::Layout;

void member(JsonWriter& json, std::string_view key, std::uint64_t value) {
  json.key(key);
  json.natural(value);
}

void member(JsonWriter& json, std::string_view key, std::int64_t value) {
  json.key(key);
  json.integer(value);
}

void member(JsonWriter& json, std::string_view key, double value) {
  json.key(key);
  json.number(value);
}

void member(JsonWriter& json, std::string_view key, const std::optional<double>& value) {
  json.key(key);
  json.number(value);
}

void member(JsonWriter& json, std::string_view key, const std::string& value) {
  json.key(key);
  json.string(value);
}

// Null unless `known`.
void counter(JsonWriter& json, std::string_view key, std::uint64_t value, bool known) {
  json.key(key);
  known ? json.natural(value) : json.null();
}

// Null unless `known`.
void time_member(JsonWriter& json, std::string_view key, Duration value, bool known = true) {
  json.key(key);
  known ? json.microseconds(value) : json.null();
}

// A time that is kept as a double: rounded to the picosecond, so that it is spelled like all the
// others.
void time_member(JsonWriter& json, std::string_view key, double us) {
  constexpr double kLimitUs = 9e12;  // beyond this, picoseconds leave 64 bits
  const bool known = std::isfinite(us) && std::abs(us) < kLimitUs;
  time_member(json, key, Duration{known ? std::llround(us * 1e6) : 0}, known);
}

void write_requests(JsonWriter& json, const RunResults& r, std::int64_t completed) {
  json.key("requests");
  json.open('{');
  member(json, "sent", r.sent);
  member(json, "completed", completed);
  member(json, "failed", r.failed);
  member(json, "duplicated", r.duplicated);
  json.close();
}

void write_latency(JsonWriter& json, const LatencyStatistics& s) {
  const bool known = s.completed > 0;
  json.key("latency_us");
  json.open('{');
  time_member(json, "min", s.min, known);
  time_member(json, "mean", s.mean, known);
  time_member(json, "p50", s.p50, known);
  time_member(json, "p90", s.p90, known);
  time_member(json, "p99", s.p99, known);
  time_member(json, "p99_9", s.p99_9, known);
  time_member(json, "max", s.max, known);
  json.close();
}

void write_rates(JsonWriter& json, const RunResults& r) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  const bool has_plan = r.partition.known;
  member(json, "throughput_rps", throughput_rps(r));
  member(json, "effective_tflops", has_plan ? effective_tflops(r) : kUnknown);
  member(json, "peak_tflops", has_plan ? r.peak_ops_per_second / 1e12 : kUnknown);
  member(json, "utilization", has_plan ? utilization(r) : kUnknown);
}

void write_breakdown(JsonWriter& json, const RunResults& r, bool known) {
  const Breakdown mean = mean_breakdown(r);
  json.key("breakdown_us");
  json.open('{');
  time_member(json, "compute", mean.compute, known);
  time_member(json, "network", mean.network, known);
  time_member(json, "queue", mean.queue, known);
  time_member(json, "host", mean.host, known);
  json.close();
}

void write_nodes(JsonWriter& json, const std::vector<NodeResult>& nodes) {
  json.key("nodes");
  json.open('[', Layout::kLines);
  for (const NodeResult& node : nodes) {
    json.open('{');
    member(json, "name", node.name);
    member(json, "device", node.device);
    member(json, "role", node.role);
    json.key("memory");
    json.open('{');
    member(json, "budget_bytes", node.memory_budget.count);
    member(json, "used_bytes", node.memory_used.count);
    json.close();
    member(json, "busy_fraction", node.busy_fraction);
    member(json, "state", node.state);
    json.key("errors");
    json.open('{');
    counter(json, "poisoned_blocks", node.poisoned_blocks, node.errors_known);
    counter(json, "fp16_overflows", node.fp16_overflows, node.errors_known);
    json.close();
    json.close();
  }
  json.close();
}

// Of a communication workload there is no plan, and all of it is null.
void write_partition(JsonWriter& json, const PartitionSummary& p) {
  const bool known = p.known;
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  json.key("partition");
  json.open('{');
  json.key("objective");
  known ? json.string(p.objective) : json.null();
  counter(json, "nodes_used", static_cast<std::uint64_t>(p.nodes_used), known);
  counter(json, "cut_bytes_per_request", static_cast<std::uint64_t>(p.cut_bytes_per_request),
          known);
  time_member(json, "predicted_latency_us", known ? p.predicted_latency_us : kUnknown);
  time_member(json, "lower_bound_us", known ? p.lower_bound_us : kUnknown);
  member(json, "gap", known ? p.gap : kUnknown);
  json.close();
}

void write_fabric(JsonWriter& json, const FabricCounters& f) {
  json.key("fabric");
  json.open('{');
  counter(json, "packets", f.packets, f.known);
  counter(json, "bytes", f.bytes, f.known);
  counter(json, "dropped", f.dropped, f.known);
  counter(json, "corrupted", f.corrupted.value_or(0), f.known && f.corrupted);
  counter(json, "duplicated", f.duplicated.value_or(0), f.known && f.duplicated);
  counter(json, "reordered", f.reordered.value_or(0), f.known && f.reordered);
  counter(json, "ecn_marked", f.ecn_marked, f.known && f.emulated);
  counter(json, "pauses", f.pauses, f.known && f.emulated);
  counter(json, "queue_bytes_max", f.queue_bytes_max, f.known && f.emulated);
  counter(json, "host_drops", f.host_drops, f.known && !f.emulated);
  json.close();
}

void write_histogram(JsonWriter& json, std::string_view key, const DurationHistogram& h) {
  const bool known = h.count() > 0;
  json.key(key);
  json.open('{');
  time_member(json, "min", h.min(), known);
  time_member(json, "mean", h.mean(), known);
  time_member(json, "p50", h.quantile(0.5), known);
  time_member(json, "p99", h.quantile(0.99), known);
  time_member(json, "p99_9", h.quantile(0.999), known);
  time_member(json, "max", h.max(), known);
  json.close();
}

void write_refused(JsonWriter& json, const RefusedPackets& refused, bool known) {
  json.key("refused");
  json.open('{');
  counter(json, "stranger", refused.stranger, known);
  counter(json, "stale", refused.stale, known);
  counter(json, "forged", refused.forged, known);
  counter(json, "replayed", refused.replayed, known);
  counter(json, "checksum", refused.checksum, known);
  counter(json, "malformed", refused.malformed, known);
  json.close();
}

void write_ltl(JsonWriter& json, const LtlCounters& l) {
  json.key("ltl");
  json.open('{');
  member(json, "carrier", l.carrier);
  if (!l.listen.empty()) member(json, "listen", l.listen);
  member(json, "auth", l.auth);
  counter(json, "messages", l.messages, l.known);
  counter(json, "packets", l.packets, l.known);
  counter(json, "retransmitted", l.retransmitted, l.known);
  counter(json, "needless", l.needless, l.known);
  counter(json, "timeouts", l.timeouts, l.known);
  counter(json, "nacks", l.nacks, l.known);
  write_refused(json, l.refused, l.known);
  write_histogram(json, "rtt_us", l.rtt);
  json.close();
}

void write_faults(JsonWriter& json, const std::vector<FaultResult>& faults) {
  json.key("faults");
  json.open('[', Layout::kLines);
  for (const FaultResult& fault : faults) {
    json.open('{');
    time_member(json, "at_us", fault.at.time_since_epoch());
    member(json, "kind", fault.kind);
    member(json, "target", fault.target);
    member(json, "effect", fault.effect);
    json.close();
  }
  json.close();
}

void write_outputs(JsonWriter& json, const OutputSummary& o) {
  json.key("outputs");
  json.open('{');
  json.key("sha256");
  o.sha256.empty() ? json.null() : json.string(o.sha256);
  counter(json, "checked", static_cast<std::uint64_t>(o.checked), o.known);
  counter(json, "mismatched", static_cast<std::uint64_t>(o.mismatched), o.known);
  member(json, "max_abs_error", o.max_abs_error);
  member(json, "max_rel_error", o.max_rel_error);
  member(json, "accuracy", o.accuracy);
  member(json, "accuracy_fp32", o.accuracy_fp32);
  json.key("accuracy_per_step");
  if (o.accuracy_per_step) {
    json.open('[');
    for (const double share : *o.accuracy_per_step) json.number(share);
    json.close();
  } else {
    json.null();
  }
  json.close();
}

void write_warnings(JsonWriter& json, const std::vector<RunWarning>& warnings) {
  json.key("warnings");
  json.open('[', Layout::kLines);
  for (const RunWarning& warning : warnings) {
    json.open('{');
    member(json, "id", warning.id);
    member(json, "text", warning.text);
    json.close();
  }
  json.close();
}

void write_traffic(JsonWriter& json, const TrafficResult& t) {
  json.key("traffic");
  json.open('{');
  member(json, "kind", t.kind);
  member(json, "message_bytes", t.message_bytes);
  member(json, "bytes", t.bytes);
  member(json, "goodput_gbps", t.goodput_gbps);
  member(json, "line_gbps", t.line_gbps);
  member(json, "line_share", t.line_share);
  member(json, "fairness", t.fairness);
  member(json, "fairness_after_5ms", t.fairness_settled);
  json.key("flows");
  json.open('[', Layout::kLines);
  for (const TrafficResult::Flow& flow : t.flows) {
    json.open('{');
    member(json, "from", flow.from);
    member(json, "to", flow.to);
    member(json, "messages", flow.messages);
    member(json, "goodput_gbps", flow.goodput_gbps);
    json.close();
  }
  json.close();
  json.close();
}

void write_pauses(JsonWriter& json, const PauseResult& p) {
  json.key("pauses");
  json.open('{');
  member(json, "watchdogs", p.watchdogs);
  member(json, "watchdog_drops", p.watchdog_drops);
  member(json, "lossy_queue_bytes_max", p.lossy_queue_max.count);
  json.key("ports");
  json.open('[', Layout::kLines);
  for (const PauseResult::Port& port : p.ports) {
    json.open('{');
    member(json, "port", port.name);
    member(json, "pauses", port.pauses);
    time_member(json, "paused_us", port.paused);
    member(json, "held_bytes_max", port.held_max.count);
    member(json, "queue_bytes_max", port.queue_max.count);
    member(json, "lossy_queue_bytes_max", port.lossy_queue_max.count);
    member(json, "dropped", port.dropped);
    json.close();
  }
  json.close();
  json.key("deadlocks");
  json.open('[', Layout::kLines);
  for (const PauseResult::Deadlock& deadlock : p.deadlocks) {
    json.open('{');
    time_member(json, "at_us", deadlock.found.time_since_epoch());
    json.key("ports");
    json.open('[');
    for (const std::string& port : deadlock.ports) json.string(port);
    json.close();
    json.close();
  }
  json.close();
  json.close();
}

void write_wall(JsonWriter& json, const WallSummary& w) {
  json.key("wall");
  json.open('{');
  member(json, "seconds", w.seconds);
  member(json, "launch_seconds", w.launch_seconds);
  counter(json, "events", w.events, w.events > 0);
  member(json, "events_per_second",
         w.seconds > 0 && w.events > 0 ? static_cast<double>(w.events) / w.seconds : std::nan(""));
  member(json, "processes", w.processes);
  json.close();
}

}  // namespace

std::string results_json(const RunResults& r, bool with_wall) {
  const LatencyStatistics latency = latency_statistics(r);
  JsonWriter json;
  json.open('{', Layout::kLines);
  member(json, "soliton", r.version);
  member(json, "name", r.name);
  member(json, "seed", r.seed);
  member(json, "time", r.time);
  json.key("complete");
  json.boolean(r.complete);
  write_requests(json, r, latency.completed);
  write_latency(json, latency);
  write_rates(json, r);
  write_breakdown(json, r, latency.completed > 0);
  write_nodes(json, r.nodes);
  write_partition(json, r.partition);
  write_fabric(json, r.fabric);
  write_ltl(json, r.ltl);
  write_faults(json, r.faults);
  write_outputs(json, r.outputs);
  write_warnings(json, r.warnings);
  if (with_wall) write_wall(json, r.wall);
  if (!r.error.empty()) member(json, "error", r.error);
  if (r.traffic) write_traffic(json, *r.traffic);
  if (r.pauses) write_pauses(json, *r.pauses);
  if (r.device) write_histogram(json, "device_us", *r.device);
  json.close();
  return json.take() + "\n";
}

}  // namespace soliton
