#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "cluster/experiment/sweep.h"
#include "tests/unit/experiment/samples.h"

namespace soliton {
namespace {

using testing::HasSubstr;
using testing::Not;

SweepPoint point(std::int64_t x, std::int64_t latency_us) {
  return {x, false, parse_point(results_json(sample::run(latency_us))).value(), ""};
}

Sweep sample_sweep() {
  Sweep s;
  s.name = "scale";
  s.description = "more nodes";
  s.series = {{sample::series("rows", Scaling::kStrong, {1, 2, 4}),
               {point(1, 400), point(2, 250), point(4, 100)}},
              {sample::series("grow", Scaling::kWeak, {1, 2}), {point(1, 400), point(2, 500)}}};
  return s;
}

TEST(Scaled, StrongComparesWithTheSameWorkOnTheFirstPoint) {
  const Sweep s = sample_sweep();
  EXPECT_EQ(scaled(s.series[0], 0).speedup, 1);
  EXPECT_EQ(scaled(s.series[0], 1).speedup, 1.6);
  EXPECT_EQ(scaled(s.series[0], 1).efficiency, 0.8);
  EXPECT_EQ(scaled(s.series[0], 2).efficiency, 1);
}

TEST(Scaled, WeakComparesTheTimeOfWorkThatGrows) {
  const Sweep s = sample_sweep();
  EXPECT_EQ(scaled(s.series[1], 1).efficiency, 0.8);
  EXPECT_EQ(scaled(s.series[1], 1).speedup, 1.6);
}

TEST(Scaled, StartsAtTheFirstPointThatHasALatency) {
  Sweep s = sample_sweep();
  s.series[0].points[0].numbers.reset();
  EXPECT_FALSE(scaled(s.series[0], 0).speedup);
  EXPECT_EQ(scaled(s.series[0], 1).speedup, 1);
  EXPECT_EQ(scaled(s.series[0], 2).speedup, 2.5);
  EXPECT_EQ(scaled(s.series[0], 2).efficiency, 1.25);
}

TEST(SweepTable, HasARowAPointUnderItsSeries) {
  EXPECT_EQ(sweep_table(sample_sweep()),
            "scale\n"
            "more nodes\n"
            "\n"
            "title of rows (strong scaling)\n"
            "   nodes     mean us      p99 us   requests/s   TFLOPS  speed-up  efficiency   "
            "network    B/request\n"
            "       1      400.00      400.00        2,500        0      1.00       100 %      25 "
            "%        1,000\n"
            "       2      250.00      250.00        4,000        0      1.60        80 %      25 "
            "%        1,000\n"
            "       4      100.00      100.00       10,000        0      4.00       100 %      25 "
            "%        1,000\n"
            "\n"
            "title of grow (weak scaling)\n"
            "   nodes     mean us      p99 us   requests/s   TFLOPS  speed-up  efficiency   "
            "network    B/request\n"
            "       1      400.00      400.00        2,500        0      1.00       100 %      25 "
            "%        1,000\n"
            "       2      500.00      500.00        2,000        0      1.60        80 %      25 "
            "%        1,000\n");
}

// Half of a request's time waiting, an eighth of the peak used.
Sweep batch_sweep() {
  Sweep s = sample_sweep();
  s.series = {{sample::series("streamed", Scaling::kNone, {1, 2}), {point(1, 400), point(2, 800)}}};
  s.series[0].series.axis = "batch";
  for (SweepPoint& p : s.series[0].points) {
    p.numbers->utilization = 0.125;
    p.numbers->queue_us = *p.numbers->latency_mean_us / 2;
  }
  return s;
}

TEST(SweepTable, WithoutScalingSaysHowMuchIsUsedAndWaitedFor) {
  EXPECT_EQ(sweep_table(batch_sweep()),
            "scale\n"
            "more nodes\n"
            "\n"
            "title of streamed\n"
            "   batch     mean us      p99 us   requests/s   TFLOPS      used     waiting   "
            "network    B/request\n"
            "       1      400.00      400.00        2,500        0      12 %        50 %      25 "
            "%        1,000\n"
            "       2      800.00      800.00        1,250        0      12 %        50 %      25 "
            "%        1,000\n");
  EXPECT_FALSE(scaled(batch_sweep().series[0], 1).speedup);
}

TEST(SweepPage, DrawsEachAxisForItself) {
  Sweep s = batch_sweep();
  s.series.push_back(sample_sweep().series[0]);
  const std::string page = sweep_page(s);
  for (const char* wanted :
       {"<th class=\"n\">batch</th><th class=\"n\" data-kind=\"points\">title of streamed</th>",
        "<tr><td class=\"n\">2</td><td class=\"n\">800</td></tr>",
        "<tr><td class=\"n\">2</td><td class=\"n\">250</td><td class=\"n\">200</td></tr>",
        "data-x-label=\"batch\" data-y-label=\"mean latency (us)\"",
        "<figcaption>Share of the peak that is used</figcaption>",
        "<figcaption>Latency that 99 of 100 requests keep</figcaption>",
        "<th class=\"n\">waiting</th>", "<th class=\"n\">efficiency</th>"})
    EXPECT_THAT(page, HasSubstr(wanted));
  // Six charts of the one axis without that of scaling, six of the other without the used share; no
  // numbers, no chart.
  std::size_t charts = 0;
  for (std::size_t at = page.find("<figure"); at != std::string::npos;
       at = page.find("<figure", at + 1))
    ++charts;
  EXPECT_EQ(charts, 5u + 5u);
}

TEST(SweepCsv, HoldsTheExactNumbers) {
  EXPECT_THAT(sweep_csv(sample_sweep()),
              HasSubstr("\nrows,nodes,2,2,4,250,250,0,4000,0,,1.6,0.8,0.25,0,1000,640,,"));
}

TEST(SweepCsv, EscapesTheNotesOfFailedPoints) {
  Sweep s = sample_sweep();
  s.series[0].points[1] = {2, false, std::nullopt, "=cmd, \"x\""};
  EXPECT_THAT(sweep_csv(s), HasSubstr("rows,nodes,2,,,,,,,,,,,,,,,\"'=cmd, \"\"x\"\"\","));
}

// Cells of a CSV without quotes.
std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> out{""};
  for (const char c : line)
    if (c == ',')
      out.emplace_back();
    else
      out.back() += c;
  return out;
}

// Lines of the CSV: names first.
std::vector<std::vector<std::string>> csv_of(const Sweep& sweep) {
  std::istringstream text(sweep_csv(sweep));
  std::vector<std::vector<std::string>> out;
  for (std::string line; std::getline(text, line);) out.push_back(cells(line));
  return out;
}

std::string at(const std::vector<std::vector<std::string>>& csv, std::size_t row,
               const std::string& name) {
  const auto found = std::ranges::find(csv[0], name);
  return found == csv[0].end() ? "no column"
                               : csv[row].at(static_cast<std::size_t>(found - csv[0].begin()));
}

TEST(SweepCsv, HasAColumnForEveryScalarOfTheResultsAndEveryKeySet) {
  Sweep s = sample_sweep();
  s.series[0].points[0].set = {scalar_of_text("workload.requests", "4"),
                               scalar_of_text("workload.think", "5 us")};
  s.series[1].points[1].set = {scalar_of_text("model.rnn.hidden", "-1")};
  s.series[0].points[1].numbers.reset();
  const auto csv = csv_of(s);
  for (const auto& row : csv) EXPECT_EQ(row.size(), csv[0].size());
  EXPECT_EQ(csv[0][17], "note");
  EXPECT_EQ(csv[0][18], "set.workload.requests");
  EXPECT_EQ(at(csv, 1, "set.workload.requests"), "4");
  EXPECT_EQ(at(csv, 1, "set.workload.think"), "5 us");
  EXPECT_EQ(at(csv, 2, "set.workload.requests"), "");
  EXPECT_EQ(at(csv, 5, "set.model.rnn.hidden"), "-1");
  EXPECT_EQ(at(csv, 1, "latency_us.p99"), "400");
  EXPECT_EQ(at(csv, 1, "requests.sent"), "4");
  EXPECT_EQ(at(csv, 2, "requests.sent"), "");
  EXPECT_EQ(at(csv, 1, "ltl.rtt_us.p50"), "");
  EXPECT_EQ(at(csv, 1, "complete"), "true");
  EXPECT_EQ(at(csv, 1, "traffic.kind"), "no column");
  const std::set<std::string> names(csv[0].begin(), csv[0].end());
  EXPECT_EQ(names.size(), csv[0].size()) << "a name is there twice";
}

TEST(SweepCsv, OrdersColumnsByResultsJsonWhateverThePointsHave) {
  RunResults with_traffic = sample::run(10), with_pauses = sample::run(10);
  with_traffic.traffic.emplace();
  with_pauses.pauses.emplace();
  Sweep s = sample_sweep();
  s.series[0].points[0].numbers = parse_point(results_json(with_pauses)).value();
  s.series[0].points[1].numbers = parse_point(results_json(with_traffic)).value();
  const auto csv = csv_of(s);
  const auto place = [&](const char* name) { return std::ranges::find(csv[0], name); };
  EXPECT_LT(place("wall.seconds"), place("traffic.kind"));
  EXPECT_LT(place("traffic.kind"), place("pauses.watchdogs"));
  EXPECT_NE(place("pauses.watchdogs"), csv[0].end());
}

TEST(SweepCsv, AValueARunLearnsToMeasureIsThereWithoutAChangeHere) {
  Sweep s = sample_sweep();
  s.series[0].points[0].numbers->scalars.push_back(scalar_of_text("energy_uj.mean", "1.250"));
  const auto csv = csv_of(s);
  EXPECT_EQ(csv[0].back(), "energy_uj.mean");
  EXPECT_EQ(at(csv, 1, "energy_uj.mean"), "1.250");
}

TEST(SweepJson, HoldsWhatIsSetAndMeasuredOfEachPoint) {
  Sweep s = sample_sweep();
  s.series[0].points[0].set = {scalar_of_text("workload.requests", "4"),
                               scalar_of_text("workload.think", "5 us"),
                               scalar_of_text("ltl.crc", "true")};
  const auto json = nlohmann::json::parse(sweep_json(s));
  const auto& point = json["series"][0]["points"][0];
  EXPECT_EQ(point["set"]["workload.requests"], 4);
  EXPECT_EQ(point["set"]["workload.think"], "5 us");
  EXPECT_EQ(point["set"]["ltl.crc"], true);
  EXPECT_EQ(point["results"]["latency_us.p99"], 400);
  EXPECT_TRUE(point["results"]["ltl.rtt_us.p50"].is_null());
  EXPECT_FALSE(point["results"].contains("nodes"));
}

TEST(SweepTable, SaysWhyItIsPartial) {
  Sweep s = sample_sweep();
  s.complete = false;
  EXPECT_THAT(sweep_table(s), HasSubstr("scale · NOT COMPLETE\n"));
  s.interrupted = true;
  EXPECT_THAT(sweep_table(s), HasSubstr("scale · PARTIAL: interrupted\n"));
  s.not_written = Error{ErrorCode::kNotWritten, "disk full"};
  EXPECT_THAT(sweep_table(s), HasSubstr("scale · PARTIAL: results could not be written\n"));
  EXPECT_THAT(sweep_page(s), HasSubstr("results could not be written"));
}

TEST(SweepPage, DrawsNoCurveThroughAPointThatDidNotFinish) {
  Sweep s = sample_sweep();
  s.series[0].points[1].numbers->complete = false;
  const std::string drawn = "<tr><td class=\"n\">2</td><td class=\"n\">250</td>";
  EXPECT_THAT(sweep_page(sample_sweep()), HasSubstr(drawn));
  EXPECT_THAT(sweep_page(s), Not(HasSubstr(drawn)));
  EXPECT_FALSE(scaled(s.series[0], 1).speedup);
  EXPECT_EQ(scaled(s.series[0], 2).speedup, 4);
}

TEST(SweepJson, ParsesAndMarksPointsWithoutNumbers) {
  Sweep s = sample_sweep();
  s.complete = false;
  s.series[0].points[2] = {4, false, std::nullopt, ""};
  const auto json = nlohmann::json::parse(sweep_json(s));
  EXPECT_EQ(json["complete"], false);
  EXPECT_EQ(json["series"][0]["points"][1]["speedup"], 1.6);
  EXPECT_EQ(json["series"][0]["points"][2]["state"], "not run");
  EXPECT_TRUE(json["series"][0]["points"][2]["latency_mean_us"].is_null());
}

TEST(SweepPage, HasTheFourChartsALegendAndTheTables) {
  const std::string page = sweep_page(sample_sweep());
  for (const char* wanted :
       {"<figcaption>Mean latency</figcaption>", "<figcaption>Throughput</figcaption>",
        "<figcaption>Efficiency</figcaption>",
        "<figcaption>Network share of the latency</figcaption>",
        "<tr><td class=\"n\">2</td><td class=\"n\">250</td><td class=\"n\">200</td><td "
        "class=\"n\">500</td><td "
        "class=\"n\">400</td></tr>",
        "<tr><td class=\"n\">2</td><td class=\"n\">80</td><td class=\"n\">80</td></tr>",
        "Weak scaling"})
    EXPECT_THAT(page, HasSubstr(wanted));
  const std::string own =
      page.substr(page.find("<body>"), page.rfind("<script>") - page.find("<body>"));
  for (const char* forbidden : {"<script", "http://", "https://", "nan"})
    EXPECT_THAT(own, Not(HasSubstr(forbidden)));
}

TEST(SweepPage, ShowsPointsThatFailed) {
  Sweep s = sample_sweep();
  s.series[0].points[1] = {2, false, std::nullopt, "no plan fits"};
  const std::string page = sweep_page(s);
  EXPECT_THAT(page, HasSubstr("<tr data-kind=\"failed\"><td>title of rows at 2: failed</td><td "
                              "class=\"n\">2</td>"));
  EXPECT_THAT(page, HasSubstr("no plan fits"));
}

TEST(SweepPage, HostileNamesStayText) {
  Sweep s = sample_sweep();
  const std::string evil = "<script>x</script>\"'";
  s.name = s.description = evil;
  s.series[0].series.title = s.series[0].series.axis = evil;
  s.series[0].points[0].error = evil;
  const std::string page = sweep_page(s);
  EXPECT_THAT(page.substr(0, page.rfind("<script>")), Not(HasSubstr("<script")));
}

TEST(SweepPage, WithoutAnyPointIsStillAPage) {
  Sweep s;
  s.name = "empty";
  EXPECT_THAT(sweep_page(s), HasSubstr("</html>"));
}

TEST(SweepCsv, ThePageNamesTheColumnsInFront) {
  std::ifstream stream(SOLITON_SOURCE_DIR "/docs/experiments.md");
  std::stringstream page;
  page << stream.rdbuf();
  EXPECT_THAT(page.str(), testing::HasSubstr(sweep_columns_page() + "\n"));
}

}  // namespace
}  // namespace soliton
