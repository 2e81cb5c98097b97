#include "cluster/report/report_html.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cluster/report/html.h"
#include "cluster/report/plan_words.h"
#include "cluster/report/report_sections.h"
#include "cluster/report/words.h"

namespace soliton {
namespace {

// Members of results.json without which a section is missing.
constexpr const char* kWanted[] = {"requests", "latency_us", "breakdown_us", "nodes",
                                   "fabric",   "ltl",        "outputs"};

constexpr int kDeepest = 32;  // of results.json; what is nested deeper is left out

void read_results(RunReport& run) {
  run.results = Json::object();
  if (run.input.texts.results.empty()) {
    run.missing.emplace_back("results.json is not there: figures, nodes and counters are missing.");
    return;
  }
  // Copies and texts of it are made by recursion.
  const auto shallow = [](int depth, Json::parse_event_t, Json&) { return depth < kDeepest; };
  Json read = Json::parse(run.input.texts.results, shallow, false);
  if (!read.is_object()) {
    run.missing.emplace_back(
        "results.json is damaged, it is not JSON: figures, nodes and counters are missing.");
    return;
  }
  run.results = std::move(read);
  std::vector<std::string> lacks;
  for (const char* key : kWanted)
    if (find_at(run.results, key) == nullptr) lacks.emplace_back(key);
  if (!lacks.empty())
    run.missing.push_back(
        fmt::format("results.json has no {}: what they say is missing.", join_and(lacks)));
  const std::string version = text_at(run.results, "soliton", "unknown"),
                    ours = RunResults{}.version;
  if (version != ours)
    run.missing.push_back(fmt::format(
        "The folder was written by soliton {}, and is shown by soliton {}: what the two call "
        "differently is missing.",
        version, ours));
}

void read_rows(RunReport& run) {
  run.requests = read_requests(run.input.texts.requests);
  run.sorted = by_latency(run.requests);
  if (run.input.texts.requests.empty())
    run.missing.emplace_back(
        "requests.csv is not there: latencies one by one, and their course, are missing.");
  else if (!run.requests.known)
    run.missing.emplace_back(
        "requests.csv has other columns than this version knows: latencies one by one are "
        "missing.");
  else if (run.requests.unreadable > 0)
    run.missing.push_back(fmt::format("{} line{} of requests.csv {} damaged and left out.",
                                      group_thousands(run.requests.unreadable),
                                      run.requests.unreadable == 1 ? "" : "s",
                                      run.requests.unreadable == 1 ? "is" : "are"));
  const auto said = count_at(run.results, "requests.completed");
  const auto read = static_cast<std::int64_t>(run.requests.completed.size());
  if (said && run.requests.known && *said != read)
    run.missing.push_back(
        fmt::format("requests.csv has {} answered requests, and results.json says {}: what is "
                    "drawn and the figures differ.",
                    group_thousands(read), group_thousands(*said)));
}

void read_plan_file(RunReport& run) {
  if (run.input.texts.plan.empty()) {
    if (find_at(run.results, "partition.objective") != nullptr &&
        flag_at(run.results, "complete").value_or(false))
      run.missing.emplace_back("plan.json is not there: the plan is missing.");
    return;
  }
  Result<ShownPlan> plan = read_shown_plan(run.input.texts.plan);
  if (plan)
    run.plan = std::move(*plan);
  else
    run.missing.push_back(fmt::format("plan.json {}: the plan is missing.", plan.error().message));
}

// rule,link,direction,ordinal,action,at_ps
void read_firings(RunReport& run) {
  std::string_view text = run.input.texts.events;
  const std::vector<std::string_view> head = csv_cells(next_line(text));
  const auto rule = std::ranges::find(head, std::string_view("rule")),
             at = std::ranges::find(head, std::string_view("at_ps"));
  if (rule == head.end() || at == head.end()) return;
  while (text.find('\n') != std::string_view::npos) {
    const std::vector<std::string_view> cells = csv_cells(next_line(text));
    if (cells.size() < head.size()) continue;
    const Json ps = Json::parse(cells[static_cast<std::size_t>(at - head.begin())], nullptr, false);
    if (ps.is_number_integer())
      run.firings.push_back({std::string(cells[static_cast<std::size_t>(rule - head.begin())]),
                             Duration{ps.get<std::int64_t>()}});
  }
}

std::vector<NodeResult> named_nodes(const Json& results) {
  std::vector<NodeResult> out;
  for (const Json* node : items_at(results, "nodes"))
    out.push_back({.name = text_at(*node, "name"),
                   .device = text_at(*node, "device"),
                   .role = text_at(*node, "role")});
  return out;
}

std::string title_html(const RunReport& run) {
  const Json& r = run.results;
  std::vector<std::string> parts;
  const std::string subject = run.plan ? run.plan->plan.model : run.input.subject;
  const std::string nodes = cluster_words(named_nodes(r));
  parts.push_back(subject.empty() || nodes.empty() ? subject + nodes : subject + " on " + nodes);
  parts.push_back(run.input.topology);
  if (run.plan) parts.push_back(run.plan->precision);
  if (const std::string time = text_at(r, "time"); !time.empty())
    parts.push_back(time + " time" +
                    (text_at(r, "fidelity") == "message" ? ", messages without packets" : ""));
  if (const Json* seed = find_at(r, "seed")) parts.push_back("seed " + seed->dump());
  std::erase(parts, "");
  return fmt::format("<h1>{}</h1>\n<p class=\"soft\">{}</p>\n",
                     html_escape(text_at(r, "name", "a run")),
                     html_escape(fmt::format("{}", fmt::join(parts, " · "))));
}

}  // namespace

RunReport read_run(const ReportInput& input) {
  RunReport run{.input = input};
  run.missing = input.missing;
  read_results(run);
  read_rows(run);
  read_plan_file(run);
  read_firings(run);
  return run;
}

ReportPage report_page(const ReportInput& input) {
  RunReport run = read_run(input);
  const std::string body = title_html(run) + verdict_html(run) + banners_html(run) +
                           cards_html(run) + why_html(run) + latency_html(run) + time_html(run) +
                           network_html(run) + nodes_html(run) + plan_html(run) + faults_html(run) +
                           recovery_html(run) + pauses_html(run) + expectations_html(run) +
                           workloads_html(run) + predicted_html(run) + counters_html(run) +
                           warnings_html(run) + provenance_html(run);
  return {html_page(text_at(run.results, "name", "a run") + " · soliton", body),
          std::move(run.missing)};
}

}  // namespace soliton
