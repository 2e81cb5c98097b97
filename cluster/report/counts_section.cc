// Counters of network and transport, workloads beside each other, and pauses.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cluster/report/html.h"
#include "cluster/report/report_sections.h"
#include "cluster/report/words.h"

namespace soliton {
namespace {

constexpr std::size_t kPausedPortsLimit = 40;  // rows; all are in results.json

using Rows = std::vector<std::vector<std::string>>;

struct Counter {
  const char* path;
  const char* words;
};
constexpr Counter kCounters[] = {
    {"fabric.packets", "packets on the fabric"},
    {"fabric.bytes", "bytes on the fabric"},
    {"fabric.dropped", "packets dropped"},
    {"fabric.corrupted", "packets damaged by faults"},
    {"fabric.ecn_marked", "packets marked"},
    {"ltl.messages", "messages"},
    {"ltl.packets", "packets sent by the transport"},
    {"ltl.retransmitted", "of these, sent again"},
    {"ltl.needless", "of these, had arrived before"},
    {"ltl.timeouts", "timeouts"},
    {"ltl.nacks", "negative acknowledgements"},
    {"partition.cut_bytes_per_request", "tensor bytes between nodes, each request"},
};

constexpr Counter kRefused[] = {{"ltl.refused.stranger", "from strangers"},
                                {"ltl.refused.stale", "stale"},
                                {"ltl.refused.forged", "forged"},
                                {"ltl.refused.replayed", "replayed"},
                                {"ltl.refused.checksum", "with a wrong checksum"},
                                {"ltl.refused.malformed", "malformed"}};

std::string goodput_words(const Json& traffic) {
  const auto goodput = number_at(traffic, "goodput_gbps");
  return goodput ? significant(*goodput, 4) + " Gb/s" : "";
}

std::string known_time(const Json& from, std::string_view path) {
  const std::optional<Duration> time = time_at(from, path);
  return time ? spell_time(*time) : "";
}

}  // namespace

std::string counters_html(const RunReport& run) {
  const Json& r = run.results;
  Rows rows;
  for (const Counter& it : kCounters)
    if (const auto count = count_at(r, it.path))
      rows.push_back({it.words, group_thousands(*count)});
  if (const std::string carrier = text_at(r, "ltl.carrier"); !carrier.empty()) {
    const std::string listen = text_at(r, "ltl.listen");
    rows.push_back({"carrier", listen.empty() ? carrier : carrier + ", " + listen});
    rows.push_back({"authentication", text_at(r, "ltl.auth")});
  }
  for (const auto& [path, words] :
       {std::pair("ltl.rtt_us.mean", "round trip, mean"), {"ltl.rtt_us.p99", "round trip, p99"}})
    if (const auto time = time_at(r, path)) rows.push_back({words, spell_time(*time)});
  for (const Counter& it : kRefused)
    if (const std::int64_t count = count_at(r, it.path).value_or(0); count > 0)
      rows.push_back({fmt::format("packets refused, {}", it.words), group_thousands(count)});
  return rows.empty() ? "" : html_section("Network", html_table({"count", "value"}, rows));
}

std::string workloads_html(const RunReport& run) {
  Rows rows;
  for (const Json* w : items_at(run.results, "workloads"))
    rows.push_back({text_at(*w, "name"), text_at(*w, "title"), known_time(*w, "start_us"),
                    count_words(count_at(*w, "latency_us.completed")),
                    known_time(*w, "latency_us.mean"), known_time(*w, "latency_us.p99"),
                    find_at(*w, "traffic") ? goodput_words(*find_at(*w, "traffic")) : "",
                    known_time(*w, "traffic.time_us"), known_time(*w, "traffic.bound_us"),
                    count_words(count_at(*w, "mismatched"))});
  std::string body;
  if (!rows.empty())
    body = html_table({"workload", "kind", "start", "completed", "mean", "p99", "goodput", "time",
                       "bound", "damaged"},
                      rows, 2);
  if (find_at(run.results, "background") != nullptr)
    body += html_paragraph(fmt::format("Background: {} messages of {} in all, {} damaged.",
                                       count_words(count_at(run.results, "background.messages")),
                                       bytes_words_of(count_at(run.results, "background.bytes")),
                                       count_words(count_at(run.results, "background.damaged"))));
  return html_section("Workloads", body);
}

// The ports that were paused longest, with the queues of both classes.
std::string pauses_html(const RunReport& run) {
  const Json& r = run.results;
  if (find_at(r, "pauses") == nullptr) return "";
  std::vector<const Json*> ports = items_at(r, "pauses.ports");
  std::ranges::stable_sort(ports, std::ranges::greater(), [](const Json* port) {
    return time_at(*port, "paused_us").value_or(Duration{});
  });
  std::string body = html_paragraph(fmt::format(
      "{} pauses of {} ports. Longest queue of the cluster's class: {}; of the traffic of others: "
      "{}. Ports emptied by the watchdog: {}.",
      count_words(count_at(r, "fabric.pauses")), ports.size(),
      bytes_words_of(count_at(r, "fabric.queue_bytes_max")),
      bytes_words_of(count_at(r, "pauses.lossy_queue_bytes_max")),
      count_words(count_at(r, "pauses.watchdogs"))));
  for (const Json* deadlock : items_at(r, "pauses.deadlocks")) {
    std::vector<std::string> names;
    if (const Json* list = find_at(*deadlock, "ports"); list != nullptr && list->is_array())
      for (const Json& name : *list)
        if (name.is_string()) names.push_back(name.get<std::string>());
    body += html_paragraph(fmt::format("Waited for each other at {}: {}.",
                                       time_words(time_at(*deadlock, "at_us")),
                                       fmt::join(names, ", ")));
  }
  if (ports.size() > kPausedPortsLimit) ports.resize(kPausedPortsLimit);
  Rows rows;
  for (const Json* port : ports)
    rows.push_back({text_at(*port, "port"), count_words(count_at(*port, "pauses")),
                    time_words(time_at(*port, "paused_us")),
                    bytes_words_of(count_at(*port, "held_bytes_max")),
                    bytes_words_of(count_at(*port, "queue_bytes_max")),
                    bytes_words_of(count_at(*port, "lossy_queue_bytes_max")),
                    count_words(count_at(*port, "dropped"))});
  if (!rows.empty())
    body += html_table({"port", "pauses", "paused", "held by the next switch", "queue",
                        "queue of others", "dropped"},
                       rows);
  return html_section("Pauses", body);
}

}  // namespace soliton
