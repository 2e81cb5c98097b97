// One table of the nodes, equal ones in one row, those with the least room first.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/report/html.h"
#include "cluster/report/plan_words.h"
#include "cluster/report/report_sections.h"
#include "cluster/report/words.h"

namespace soliton {
namespace {

struct NodeRow {
  std::vector<std::string> names;
  std::vector<SortCell> cells;  // without the name
  double fill = -1;
};

SortCell sorted_by(std::string text, const std::optional<double>& value) {
  return {std::move(text), value ? fmt::format("{:.9g}", *value) : ""};
}

SortCell time_cell(const std::optional<Duration>& time) {
  if (!time) return {};
  return sorted_by(spell_time(*time), static_cast<double>(time->count()));
}

// What would overflow first: of the plan, which knows single memories, otherwise of all together.
std::pair<SortCell, double> memory_cell(const Json& node, const std::vector<Fullness>& fullest) {
  const auto of_plan = std::ranges::find(fullest, text_at(node, "name"), &Fullness::node);
  if (of_plan != fullest.end())
    return {sorted_by(fmt::format("{} of {}", full_percent(*of_plan), of_plan->memory),
                      of_plan->share()),
            of_plan->share()};
  const auto used = count_at(node, "memory.used_bytes"),
             budget = count_at(node, "memory.budget_bytes");
  if (!used || !budget || *budget <= 0) return {{}, -1};
  const double share = static_cast<double>(*used) / static_cast<double>(*budget);
  return {sorted_by(percent(share), share), share};
}

NodeRow row_of(const Json& node, const std::vector<Fullness>& fullest) {
  NodeRow out;
  out.names = {text_at(node, "name", "?")};
  const auto busy = number_at(node, "busy_fraction");
  auto [memory, fill] = memory_cell(node, fullest);
  const auto budget = count_at(node, "memory.budget_bytes").value_or(0);
  out.fill = fill;
  out.cells = {
      {text_at(node, "device"), ""},
      {text_at(node, "role"), ""},
      {text_at(node, "state"), ""},
      sorted_by(busy ? percent(*busy) : "", busy),
      time_cell(time_at(node, "busy_us.request")),
      time_cell(time_at(node, "busy_us.predicted")),
      std::move(memory),
      budget > 0 ? SortCell{bytes_words_of(count_at(node, "memory.used_bytes")), ""} : SortCell{}};
  return out;
}

bool alike(const NodeRow& one, const NodeRow& other) {
  return std::ranges::equal(one.cells, other.cells, {}, &SortCell::text, &SortCell::text);
}

std::vector<NodeRow> folded(const RunReport& run) {
  const std::vector<Fullness> fullest =
      run.plan ? fullness(run.plan->plan) : std::vector<Fullness>{};
  std::vector<NodeRow> out;
  for (const Json* node : items_at(run.results, "nodes")) {
    NodeRow row = row_of(*node, fullest);
    const auto same =
        std::ranges::find_if(out, [&](const NodeRow& other) { return alike(row, other); });
    if (same == out.end())
      out.push_back(std::move(row));
    else
      same->names.push_back(row.names.front());
  }
  std::ranges::stable_sort(out, std::ranges::greater(), &NodeRow::fill);
  return out;
}

}  // namespace

std::string nodes_html(const RunReport& run) {
  std::vector<std::vector<SortCell>> rows;
  for (NodeRow& row : folded(run)) {
    std::vector<SortCell>& cells = rows.emplace_back();
    cells.push_back({name_ranges(row.names), ""});
    cells.push_back({std::to_string(row.names.size()), ""});
    for (SortCell& cell : row.cells) cells.push_back(std::move(cell));
  }
  if (rows.empty()) return "";
  return html_section(
      "Nodes", html_paragraph("Nodes alike share a row; a click on a column sorts.", "soft") +
                   html_sort_table({"nodes", "how many", "device", "role", "state", "busy",
                                    "work a request", "predicted", "fullest memory", "memory used"},
                                   rows, 5));
}

}  // namespace soliton
