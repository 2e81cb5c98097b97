// What reads results of earlier runs, and what writes reports with names from files. Readers refuse with
// a message; a report holds no script but its own and no fetch, results.json is JSON, whatever the names are.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "cluster/experiment/point.h"
#include "cluster/experiment/scalars.h"
#include "cluster/report/report_html.h"
#include "cluster/report/summary.h"
#include "cluster/results/compare_runs.h"
#include "cluster/results/results.h"
#include "cluster/results/text.h"
#include "protocol/base/check.h"
#include "tests/fuzz/bytes.h"

namespace soliton {
namespace {

void earlier_results(FuzzBytes in) {
  const std::string text = in.text();
  const Result<Scalars> scalars = read_scalars(text);
  if (!scalars) SOLITON_CHECK(!scalars.error().message.empty());
  const Result<PointNumbers> point = parse_point(text);
  if (point) SOLITON_CHECK(scalars.has_value());
  if (scalars)
    for (const Scalar& scalar : *scalars) static_cast<void>(csv_text(scalar));
}

// Files of a folder that somebody has damaged.
void folder(FuzzBytes in) {
  ReportInput input;
  const std::string all = in.text();
  const std::size_t third = all.size() / 3;
  for (std::string RunTexts::*file : {&RunTexts::results, &RunTexts::trace, &RunTexts::plan})
    input.texts.*file = all;
  input.texts.requests = all.substr(0, third);
  input.texts.events = all.substr(third, third);
  input.texts.links_series = all.substr(2 * third);
  SOLITON_CHECK(!report_page(input).html.empty());
}

void traces(FuzzBytes in) {
  const std::string one = in.text(in.number(2)), other = in.text();
  const auto difference = first_different_event(one, other);
  if (difference && *difference) SOLITON_CHECK((*difference)->one || (*difference)->other);
}

// A cell of a table that a spreadsheet takes for a formula begins with something else.
void cell(const std::string& text) {
  const std::string spelled = csv_cell(text);
  SOLITON_CHECK(spelled.empty() || std::string("=+-@\t\r").find(spelled[0]) == std::string::npos);
}

void report(FuzzBytes in) {
  const auto name = [&in] { return in.text(in.byte() % 48); };
  RunResults results;
  results.name = name();
  results.error = name();
  results.time = in.byte() % 2 != 0 ? "wall" : "virtual";
  NodeResult node;
  node.name = name();
  node.device = name();
  node.role = name();
  results.nodes = {node};
  results.links.emplace();
  results.links->push_back({name(), 1, 2, 0.5, 0, 0, 0, 0, 0, Bytes{3}, nanoseconds(4)});
  results.faults = {{kRunStart, name(), name(), name(), {}}};
  results.warnings = {{"udp_refused", name()}};
  results.ltl.listen = name();
  results.ltl.carriers.strangers = in.number(8);
  results.ltl.carriers.blind = in.byte() % 2;
  SummaryContext context;
  context.model = name();
  context.topology = name();
  context.folder = name();
  ReportInput input;
  input.texts.results = results_json(results);
  input.subject = name();
  input.topology = name();
  const std::string page = report_page(input).html;
  // The page's own script stands last.
  std::string small = page.substr(0, page.rfind("<script>"));
  std::ranges::transform(small, small.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  for (const char* active : {"<script", "<img", "<iframe", "<link", "<object", "<base", "<form"})
    SOLITON_CHECK_MSG(small.find(active) == std::string::npos, "{}", active);
  for (const char c : page)
    SOLITON_CHECK(static_cast<unsigned char>(c) >= ' ' || c == '\n' || c == '\t');
  SOLITON_CHECK(!summary_text(results, context).empty());
  const nlohmann::json json = nlohmann::json::parse(results_json(results), nullptr, false);
  SOLITON_CHECK(!json.is_discarded() && json["nodes"].size() == 1);
  SOLITON_CHECK(json["ltl"]["refused"]["stranger"].is_null() == (results.ltl.carriers.blind != 0));
  cell(results.name);
}

}  // namespace
}  // namespace soliton

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  soliton::FuzzBytes in(data, size);
  switch (in.byte() % 3) {
    case 0:
      soliton::earlier_results(in);
      soliton::folder(in);
      break;
    case 1:
      soliton::traces(in);
      break;
    default:
      soliton::report(in);
  }
  return 0;
}
