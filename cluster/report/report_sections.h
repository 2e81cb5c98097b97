// The parts of report_html(), each "" if there is nothing to show. Private to cluster/report.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cluster/report/facts.h"
#include "cluster/report/report_html.h"
#include "cluster/report/run_requests.h"
#include "partition/plan/read_plan.h"

namespace soliton {

// A fault that hit a packet or a node: a line of events.csv.
struct ReportFiring {
  std::string rule;
  Duration at{};
};

// What was read of a folder. `input` outlives it.
struct RunReport {
  const ReportInput& input;
  Json results;  // an empty object if it cannot be read
  ReportRequests requests;
  std::vector<const ReportRequest*> sorted;  // by latency
  std::vector<ReportFiring> firings;
  std::optional<ShownPlan> plan;
  std::vector<std::string> missing;  // in sentences
};
RunReport read_run(const ReportInput& input);

std::string verdict_html(const RunReport& run);
std::string banners_html(const RunReport& run);  // what must be known before anything else
std::string cards_html(const RunReport& run);
std::string why_html(const RunReport& run);
std::string latency_html(const RunReport& run);
std::string time_html(const RunReport& run);
std::string series_html(const RunReport& run);  // a part of the section over time
std::string gantt_html(const RunReport& run);   // a part of the section on causes
std::string network_html(const RunReport& run);
std::string nodes_html(const RunReport& run);
std::string plan_html(const RunReport& run);
std::string counters_html(const RunReport& run);
std::string workloads_html(const RunReport& run);
std::string pauses_html(const RunReport& run);
std::string faults_html(const RunReport& run);
std::string recovery_html(const RunReport& run);
std::string expectations_html(const RunReport& run);
std::string predicted_html(const RunReport& run);
std::string warnings_html(const RunReport& run);
std::string provenance_html(const RunReport& run);

}  // namespace soliton
