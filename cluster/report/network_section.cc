// The network: which cables were busy.
#include <fmt/format.h>

#include "cluster/report/html.h"
#include "cluster/report/network_picture.h"
#include "cluster/report/report_sections.h"
#include "cluster/report/words.h"

namespace soliton {
namespace {

constexpr std::size_t kLinksInTable = 100;

SortCell cell(std::string text, double value) {
  return {std::move(text), fmt::format("{:.9g}", value)};
}

SortCell count_cell(std::int64_t count) {
  return cell(group_thousands(count), static_cast<double>(count));
}

std::vector<SortCell> row_of(const Json& link) {
  const auto count = [&](const char* key) { return count_at(link, key).value_or(0); };
  const double busy = number_at(link, "busy_fraction").value_or(0);
  const Duration wait = time_at(link, "wait_us_max").value_or(Duration{});
  return {
      {text_at(link, "link", "?"), ""},
      count_cell(count("packets")),
      count_cell(count("bytes")),
      cell(fmt::format("{:.1f} %", 100 * busy), busy),
      cell(bytes_words_of(count("queue_bytes_max")), static_cast<double>(count("queue_bytes_max"))),
      cell(spell_time(wait), static_cast<double>(wait.count())),
      count_cell(count("dropped_queue") + count("dropped_fault") + count("dropped_watchdog")),
      count_cell(count("ecn_marked"))};
}

std::string busiest_words(const std::vector<const Json*>& links) {
  const Json& first = *links.front();
  return fmt::format("Busiest is {}: {} of the run, {}. {} directions of cables carried packets.",
                     text_at(first, "link", "?"),
                     percent(number_at(first, "busy_fraction").value_or(0)),
                     bytes_words_of(count_at(first, "bytes")), links.size());
}

std::string picture_html(const RunReport& run, const std::vector<const Json*>& links) {
  if (!run.input.network) return "";
  LinkLoads loads;
  for (const Json* link : links) {
    LinkLoad& load = loads[text_at(*link, "link")];
    load.busy = std::max(load.busy, number_at(*link, "busy_fraction").value_or(0));
    load.bytes += number_at(*link, "bytes").value_or(0);
  }
  const std::optional<std::string> svg = network_svg(*run.input.network, loads);
  if (!svg)
    return html_paragraph(
        fmt::format("A network of {} nodes and switches is too large for a picture; the table has "
                    "its busiest cables.",
                    group_thousands(static_cast<std::int64_t>(run.input.network->vertices.size()))),
        "soft");
  return fmt::format(
      "<figure class=\"picture\"><figcaption>The network</figcaption><div class=\"wide\" "
      "tabindex=\"0\">{}</div>{}</figure>\n",
      *svg, load_keys());
}

}  // namespace

std::string network_html(const RunReport& run) {
  const std::vector<const Json*> links = items_at(run.results, "links");
  if (links.empty()) return "";
  std::vector<std::vector<SortCell>> rows;
  for (const Json* link : links)
    if (rows.size() < kLinksInTable) rows.push_back(row_of(*link));
  return html_section(
      "Links",
      html_paragraph(busiest_words(links)) + picture_html(run, links) +
          html_sort_table({"link", "packets", "bytes", "busy", "longest queue", "longest wait",
                           "dropped", "marked"},
                          rows) +
          (links.size() > kLinksInTable ? html_paragraph("links.csv has all of them.", "soft")
                                        : ""));
}

}  // namespace soliton
