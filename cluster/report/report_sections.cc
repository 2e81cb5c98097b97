#include "cluster/report/report_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cluster/report/chart.h"
#include "cluster/report/html.h"
#include "cluster/report/plan_words.h"
#include "cluster/report/recovery_words.h"
#include "cluster/report/words.h"
#include "cluster/results/statistics.h"

namespace soliton {
namespace {

constexpr std::size_t kPausedPortsLimit = 40;  // rows; all are in results.json
constexpr std::size_t kLinksInTable = 20;

std::string count_text(std::uint64_t value) {
  return group_thousands(static_cast<std::int64_t>(value));
}

// A bound of 0 says that none is known.
std::string predicted_words(const PartitionSummary& partition) {
  std::string out =
      fmt::format("predicted {} us", significant(in_us(partition.predicted_latency), 4));
  if (partition.lower_bound.count() > 0)
    out += fmt::format(", bound {} us", significant(in_us(partition.lower_bound), 4));
  return out;
}

Card outputs_card(const OutputSummary& o, const Plan* plan) {
  if (o.mismatched > 0)
    return {"outputs", fmt::format("{} differ", o.mismatched),
            fmt::format("of {} checked", group_thousands(o.checked)), true};
  if (o.checked > 0)
    return {
        "outputs", "bit-identical",
        fmt::format("{} checked against {}", group_thousands(o.checked), reference_words(plan))};
  return {"outputs", "not checked", ""};
}

Card contents_card(const OutputSummary& o) {
  if (o.mismatched > 0)
    return {"contents", fmt::format("{} damaged", o.mismatched),
            fmt::format("of {} messages", group_thousands(o.checked)), true};
  return {"contents", o.checked > 0 ? "as sent" : "not checked",
          fmt::format("{} checked", group_thousands(o.checked))};
}

std::string memory_rows(const Plan& plan) {
  std::vector<std::vector<std::string>> rows;
  for (const Placement& p : plan.placements)
    for (const MemoryUse& use : p.memory) {
      if (use.capacity == 0) continue;
      const Fullness f{p.node, use.memory, use.used, use.capacity};
      rows.push_back({p.node, use.memory, group_thousands(use.used), group_thousands(use.capacity),
                      full_percent(f), spell(use.used_bytes)});
    }
  return html_table({"node", "memory", "used", "holds", "full", "bytes"}, rows, 2);
}

std::string paragraph(const std::string& text, const char* kind = "") {
  return text.empty() ? "" : fmt::format("<p{}>{}</p>\n", kind, html_escape(text));
}

}  // namespace

std::string cards_html(const RunResults& r, const SummaryContext& c) {
  const LatencyStatistics latency = latency_statistics(r);
  std::vector<Card> cards;
  if (latency.completed > 0) {
    cards.push_back({"mean latency", spell_time(latency.mean),
                     r.partition.known ? predicted_words(r.partition) : ""});
    cards.push_back({"p99 latency", spell_time(latency.p99), "p99.9 " + spell_time(latency.p99_9)});
    cards.push_back({"throughput", significant(throughput_rps(r), 3) + "/s",
                     r.partition.known ? fmt::format("{} requests, {} client{}",
                                                     group_thousands(latency.completed), c.clients,
                                                     c.clients == 1 ? "" : "s")
                                       : group_thousands(latency.completed) + " records"});
  }
  if (r.traffic)
    cards.push_back({"goodput", significant(r.traffic->goodput_gbps, 4) + " Gb/s",
                     r.traffic->line_share
                         ? fmt::format("{} of the line", percent(*r.traffic->line_share))
                         : ""});
  if (r.traffic && r.traffic->bound && latency.completed > 0)
    cards.push_back(
        {"time", spell_time(r.traffic->time), "bound " + spell_time(*r.traffic->bound)});
  if (latency.completed > 0 && r.partition.known) {
    cards.push_back({"effective TFLOPS", significant(effective_tflops(r), 3),
                     fmt::format("{} of {} peak", percent(utilization(r)),
                                 significant(r.peak_ops_per_second / 1e12, 3))});
  }
  if (r.failed > 0 || r.duplicated > 0)
    cards.push_back({"requests", fmt::format("{} failed", r.failed),
                     fmt::format("{} duplicated", r.duplicated), true});
  if (c.compute != "timing" && r.partition.known) cards.push_back(outputs_card(r.outputs, c.plan));
  if (!r.partition.known) cards.push_back(contents_card(r.outputs));
  if (r.outputs.accuracy)
    cards.push_back({"accuracy", percent(*r.outputs.accuracy),
                     r.outputs.accuracy_fp32 ? "fp32 " + percent(*r.outputs.accuracy_fp32) : ""});
  return html_cards(cards);
}

std::string plan_html(const SummaryContext& c, const std::string& plan_svg) {
  if (c.plan == nullptr) return "";
  const Plan& plan = *c.plan;
  std::string body = paragraph(placement_words(plan));
  body += paragraph(fmt::format("{} · {} · cost model {}", verdict_words(plan.certificate),
                                plan.certificate.method, plan.certificate.cost_model),
                    " class=\"soft\"");
  body += paragraph(plan.one_device);
  if (!plan_svg.empty()) body += "<figure>" + plan_svg + "</figure>\n";
  for (const std::string& line : plan.explanation) body += paragraph(line, " class=\"soft\"");
  return html_section("Plan", body + memory_rows(plan));
}

std::string latency_html(const RunResults& r) {
  const std::vector<Duration> sorted = sorted_latencies(r);
  if (sorted.empty()) return "";
  const Breakdown mean = mean_breakdown(r);
  const Duration whole = mean_of(sorted);
  const auto part = [&](const char* name, Duration value) {
    const double share =
        whole.count() > 0 ? static_cast<double>(value.count()) / static_cast<double>(whole.count())
                          : 0;
    return BarPart{name, spell_time(value), share};
  };
  const std::vector<BarPart> parts = {part("compute", mean.compute), part("network", mean.network),
                                      part("queue", mean.queue), part("host", mean.host)};
  return html_section("Where the time goes", share_bar(parts)) +
         html_section("Latency", "<div class=\"charts\">\n" +
                                     distribution_chart("latency of the requests", sorted) +
                                     "</div>\n");
}

std::string nodes_html(const RunResults& r) {
  std::vector<std::vector<std::string>> rows;
  for (const NodeResult& node : r.nodes) {
    const bool has_memory = node.memory_budget.count > 0;
    rows.push_back({node.name, node.device, node.role, node.state,
                    std::isnan(node.busy_fraction) ? "" : percent(node.busy_fraction),
                    node.busy_per_request ? spell_time(*node.busy_per_request) : "",
                    node.predicted_busy ? spell_time(*node.predicted_busy) : "",
                    has_memory ? describe(node.memory_used) : "",
                    has_memory ? describe(node.memory_budget) : ""});
  }
  return html_section("Nodes", html_table({"node", "device", "role", "state", "busy",
                                           "work a request", "predicted", "memory used", "memory"},
                                          rows, 4));
}

std::string network_html(const RunResults& r) {
  const FabricCounters& f = r.fabric;
  const LtlCounters& l = r.ltl;
  std::vector<std::vector<std::string>> rows = {
      {"packets on the fabric", count_text(f.packets)},
      {"bytes on the fabric", count_text(f.bytes)},
      {"packets dropped", count_text(f.dropped)},
      {"messages", count_text(l.messages_sent)},
      {"packets retransmitted", count_text(l.retransmitted)},
      {"of these, had arrived before", count_text(l.needless)},
      {"timeouts", count_text(l.timeouts)},
      {"negative acknowledgements", count_text(l.nacks_sent)},
      {"carrier", l.listen.empty() ? l.carrier : l.carrier + ", " + l.listen},
      {"authentication", l.auth}};
  if (l.rtt.count() > 0) {
    rows.push_back({"round trip, mean", spell_time(l.rtt.mean())});
    rows.push_back({"round trip, p99", spell_time(l.rtt.quantile(0.99))});
  }
  for (const RefusedPackets& refused : refused_packets(l))
    if (refused.count > 0)
      rows.push_back(
          {fmt::format("packets refused, {}", refused.cause), count_text(refused.count)});
  if (!r.partition.known) return html_section("Network", html_table({"count", "value"}, rows));
  rows.push_back({"tensor bytes between nodes, each request",
                  group_thousands(r.partition.cut_bytes_per_request)});
  return html_section("Network", html_table({"count", "value"}, rows));
}

std::string workloads_html(const RunResults& r) {
  std::vector<std::vector<std::string>> rows;
  for (const WorkloadResult& w : r.workloads) {
    const LatencyStatistics latency = latency_statistics(w.latencies);
    const bool any = latency.completed > 0;
    rows.push_back({w.name, w.title, spell_time(w.start),
                    fmt::format("{} {}", group_thousands(latency.completed), w.traffic.records),
                    any ? spell_time(latency.mean) : "", any ? spell_time(latency.p99) : "",
                    any ? significant(w.traffic.goodput_gbps, 4) + " Gb/s" : "",
                    any ? spell_time(w.traffic.time) : "",
                    w.traffic.bound ? spell_time(*w.traffic.bound) : "",
                    group_thousands(w.mismatched)});
  }
  std::string body;
  if (!rows.empty())
    body = html_table({"workload", "kind", "start", "completed", "mean", "p99", "goodput", "time",
                       "bound", "damaged"},
                      rows);
  if (r.background)
    body += paragraph(fmt::format("Background: {} messages of {} in all, {} damaged.",
                                  count_text(r.background->messages),
                                  describe(Bytes{static_cast<std::int64_t>(r.background->bytes)}),
                                  count_text(r.background->damaged)));
  return body.empty() ? "" : html_section("Workloads", body);
}

std::string links_html(const RunResults& r) {
  if (!r.links || r.links->empty()) return "";
  std::vector<std::vector<std::string>> rows;
  for (const LinkResult& link : *r.links) {
    if (rows.size() == kLinksInTable) break;
    rows.push_back({link.name, count_text(link.packets), count_text(link.bytes),
                    fmt::format("{:.1f} %", 100 * link.busy_fraction), describe(link.queue_max),
                    spell_time(link.wait_max),
                    count_text(link.dropped_queue + link.dropped_fault + link.dropped_watchdog),
                    count_text(link.marked)});
  }
  const std::string all = paragraph(
      fmt::format("The busiest of {} directions of cables that carried packets; links.csv has all.",
                  r.links->size()));
  return html_section("Links",
                      all + html_table({"link", "packets", "bytes", "busy", "longest queue",
                                        "longest wait", "dropped", "marked"},
                                       rows));
}

// The ports that were paused longest, with the queues of both classes.
std::string pauses_html(const RunResults& r) {
  if (!r.pauses) return "";
  std::vector<PauseResult::Port> ports = r.pauses->ports;
  std::stable_sort(
      ports.begin(), ports.end(),
      [](const PauseResult::Port& a, const PauseResult::Port& b) { return a.paused > b.paused; });
  std::string body = paragraph(fmt::format(
      "{} pauses of {} ports. Longest queue of the cluster's class: {}; of the traffic of others: "
      "{}. Ports emptied by the watchdog: {}.",
      count_text(r.fabric.pauses.value_or(0)), ports.size(),
      describe(Bytes{static_cast<std::int64_t>(r.fabric.queue_bytes_max.value_or(0))}),
      describe(r.pauses->lossy_queue_max), r.pauses->watchdogs));
  for (const PauseResult::Deadlock& deadlock : r.pauses->deadlocks)
    body += paragraph(fmt::format("Waited for each other at {}: {}.",
                                  spell_time(deadlock.found - kRunStart),
                                  fmt::join(deadlock.ports, ", ")));
  if (ports.size() > kPausedPortsLimit) ports.resize(kPausedPortsLimit);
  std::vector<std::vector<std::string>> rows;
  for (const PauseResult::Port& port : ports)
    rows.push_back({port.name, count_text(port.pauses), spell_time(port.paused),
                    describe(port.held_max), describe(port.queue_max),
                    describe(port.lossy_queue_max), count_text(port.dropped)});
  if (!rows.empty())
    body += html_table({"port", "pauses", "paused", "held by the next switch", "queue",
                        "queue of others", "dropped"},
                       rows);
  return html_section("Pauses", body);
}

namespace {

std::string time_or_dash(const std::optional<Instant>& at) {
  return at ? spell_time(*at - kRunStart) : "–";
}

}  // namespace

std::string faults_html(const RunResults& r) {
  if (r.faults.empty()) return "";
  std::vector<std::vector<std::string>> rows;
  for (const FaultResult& fault : r.faults)
    rows.push_back({spell_time(fault.at - kRunStart), fault.kind, fault.target,
                    effect_words(fault.counters), time_or_dash(fault.detected),
                    time_or_dash(fault.healed), time_or_dash(fault.recovered)});
  return html_section(
      "Faults",
      html_table({"at", "kind", "target", "effect", "found", "ended", "all done again"}, rows, 7));
}

std::string recovery_html(const RunResults& r) {
  if (!r.recovery) return "";
  std::vector<std::vector<std::string>> rows;
  for (const RecoveryResult::Step& step : r.recovery->steps)
    rows.push_back({spell_time(step.at - kRunStart), recovery_words(step)});
  std::string body = paragraph(fmt::format(
      "The resource manager on {} has made {} assignments of work to nodes. {} requests were sent "
      "again, and {} messages of older assignments refused.",
      r.recovery->manager, r.recovery->generations, r.recovery->replayed, r.recovery->stale));
  if (!rows.empty()) body += html_table({"at", "what"}, rows, 2);
  return html_section("Recovery", body);
}

std::string expectations_html(const RunResults& r) {
  if (r.expectations.empty()) return "";
  std::vector<std::vector<std::string>> rows;
  for (const ExpectResult& e : r.expectations)
    rows.push_back({e.key, e.said, e.measured, e.met ? "met" : "not met"});
  return html_section("Expectations",
                      html_table({"expected", "to be", "measured", "verdict"}, rows, 4));
}

}  // namespace soliton
