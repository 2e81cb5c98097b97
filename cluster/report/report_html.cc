#include "cluster/report/report_html.h"

#include <fmt/format.h>

#include "cluster/report/html.h"
#include "cluster/report/plan_words.h"
#include "cluster/report/report_sections.h"

namespace soliton {

std::string report_html(const RunResults& r, const SummaryContext& c, const std::string& plan_svg) {
  std::string body = fmt::format(
      "<h1>{}</h1>\n<p class=\"soft\">{} on {} · {} · {} · {} time{} · seed {} · soliton {}</p>\n",
      html_escape(r.name), html_escape(c.model), html_escape(cluster_words(r.nodes)),
      html_escape(c.topology), html_escape(c.precision), html_escape(r.time),
      r.fidelity == "message" ? ", messages without packets" : "", r.seed, html_escape(r.version));
  if (!r.complete)
    body += fmt::format("<p class=\"banner\">This run is not complete: {}</p>\n",
                        html_escape(r.error.empty() ? "it was stopped" : r.error));
  if (is_open_to_forgery(r))
    body += fmt::format("<p class=\"banner\">{}</p>\n", html_escape(kForgeryWarning));
  for (const RunWarning& warning : r.warnings)
    body += fmt::format("<p class=\"banner\">{}</p>\n", html_escape(warning.text));
  body += cards_html(r, c) + latency_html(r) + plan_html(c, plan_svg) + nodes_html(r) +
          workloads_html(r) + network_html(r) + links_html(r) + series_html(r) + pauses_html(r) +
          faults_html(r) + recovery_html(r) + expectations_html(r);
  return html_page(r.name + " · soliton", body);
}

}  // namespace soliton
