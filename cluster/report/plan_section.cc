// Where the plan places the model, and what it predicted beside what was measured.
#include <fmt/format.h>

#include "cluster/report/html.h"
#include "cluster/report/plan_words.h"
#include "cluster/report/report_sections.h"
#include "cluster/report/words.h"
#include "partition/plan/explain.h"

namespace soliton {
namespace {

// More groups than this are a list.
constexpr std::size_t kPictureNodes = 256;

std::string off_words(const std::optional<Duration>& measured,
                      const std::optional<Duration>& predicted) {
  if (!measured || !predicted || predicted->count() <= 0) return "–";
  const double off = static_cast<double>((*measured - *predicted).count()) /
                     static_cast<double>(predicted->count());
  return fmt::format("{}{}", off > 0 ? "+" : "", percent(off));
}

}  // namespace

std::string plan_html(const RunReport& run) {
  if (!run.plan) return "";
  const Plan& plan = run.plan->plan;
  std::string body = html_paragraph(placement_words(plan));
  body += html_paragraph(fmt::format("{} · {} · cost model {}", verdict_words(plan.certificate),
                                     plan.certificate.method, plan.certificate.cost_model),
                         "soft");
  body += html_paragraph(plan.one_device);
  if (plan.placements.size() <= kPictureNodes)
    body +=
        "<figure class=\"picture\"><figcaption>Parts of the model on nodes, and the bytes of a "
        "request between them</figcaption><div class=\"wide\" tabindex=\"0\">" +
        plan_svg(plan, run.plan->flows) + "</div></figure>\n";
  for (const std::string& line : plan.explanation) body += html_paragraph(line, "soft");
  return html_section("Plan", body);
}

std::string predicted_html(const RunReport& run) {
  const Json& r = run.results;
  std::vector<std::vector<std::string>> rows;
  const auto latency = time_at(r, "partition.predicted_latency_us");
  if (latency && latency->count() > 0) {
    const auto mean = time_at(r, "latency_us.mean"), least = time_at(r, "latency_us.min");
    rows.push_back(
        {"latency, mean", time_words(latency), time_words(mean), off_words(mean, latency)});
    rows.push_back(
        {"latency, fastest", time_words(latency), time_words(least), off_words(least, latency)});
  }
  for (const Json* node : items_at(r, "nodes")) {
    const auto measured = time_at(*node, "busy_us.request"),
               predicted = time_at(*node, "busy_us.predicted");
    if (!measured || !predicted) continue;
    rows.push_back({"work of " + text_at(*node, "name") + " a request", time_words(predicted),
                    time_words(measured), off_words(measured, predicted)});
  }
  if (rows.empty()) return "";
  return html_section("Predicted and measured",
                      html_table({"", "predicted", "measured", "off by"}, rows));
}

}  // namespace soliton
