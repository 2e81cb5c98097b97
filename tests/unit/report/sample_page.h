// The page of a run whose folder would hold these results.
#pragma once

#include "cluster/report/report_html.h"
#include "partition/plan/explain.h"
#include "partition/plan/plan.h"

namespace soliton::sample {

inline ReportInput input(const RunResults& results) {
  ReportInput out;
  out.texts.results = results_json(results);
  out.texts.requests = requests_csv(results);
  if (results.series) out.texts.links_series = links_series_csv(*results.series);
  out.topology = "rack";
  return out;
}

inline ReportInput input(const RunResults& results, const Plan& plan) {
  ReportInput out = input(results);
  out.texts.plan = plan_json(plan);
  return out;
}

// The page without its own style and script.
inline std::string without_frame(const std::string& html) {
  const std::size_t body = html.find("<body>"), script = html.rfind("<script>");
  return html.substr(body, script - body) + "</body>";
}

}  // namespace soliton::sample
