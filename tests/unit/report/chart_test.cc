#include "cluster/report/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace soliton {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(RoundTicks, CoverTheHighestValueWithRoundSteps) {
  EXPECT_EQ(round_ticks(10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(round_ticks(1, 5).back(), 1);
  EXPECT_GE(round_ticks(7.3, 5).back(), 7.3);
  EXPECT_EQ(round_ticks(0, 5), (std::vector<double>{0, 1}));
  EXPECT_EQ(round_ticks(std::nan(""), 5), (std::vector<double>{0, 1}));
}

Chart chart() {
  Chart out{.title = "latency", .x_label = "nodes", .y_label = "latency (us)"};
  out.xs = {1, 2, 4};
  out.columns = {{"a", ColumnKind::kPoints, {80, std::nullopt, 20.5}}};
  return out;
}

TEST(ChartFigure, ItsTableIsWhatIsDrawn) {
  const std::string figure = chart_figure(chart());
  EXPECT_THAT(figure, HasSubstr("<tr><td class=\"n\">1</td><td class=\"n\">80</td></tr>\n"
                                "<tr><td class=\"n\">2</td><td class=\"n\"></td></tr>\n"
                                "<tr><td class=\"n\">4</td><td class=\"n\">20.5</td></tr>\n"));
  EXPECT_THAT(figure, HasSubstr("data-x=\"linear\" data-y=\"linear\""));
  EXPECT_THAT(figure, HasSubstr("data-x-label=\"nodes\" data-y-label=\"latency (us)\""));
  EXPECT_THAT(figure, HasSubstr("tabindex=\"0\" role=\"img\""));
}

TEST(ChartFigure, ColumnsToChooseFromAreAListInPlaceOfAKey) {
  Chart it = chart();
  it.columns.push_back({"<b>", ColumnKind::kLine, {1, 2, 3}});
  EXPECT_THAT(chart_figure(it), Not(HasSubstr("<select>")));
  it.choose = "link";
  const std::string figure = chart_figure(it);
  EXPECT_THAT(figure,
              HasSubstr("<label>link <select><option>a</option><option>&lt;b&gt;</option>"));
  EXPECT_THAT(figure, Not(HasSubstr("class=\"keys\"")));
}

TEST(ChartFigure, LeavesOutWhatAnAxisHasNoPlaceFor) {
  Chart it = chart();
  it.x = AxisKind::kLog;
  it.y = AxisKind::kTail;
  it.xs = {0, 2, 4};
  it.columns = {{"share", ColumnKind::kLine, {0.1, 1.0, 0.75}}};
  const std::string figure = chart_figure(it);
  EXPECT_THAT(figure, Not(HasSubstr("<td class=\"n\">0</td>"))) << "no zero on a logarithmic axis";
  EXPECT_THAT(figure, HasSubstr("<td class=\"n\">2</td><td class=\"n\"></td>"));
  EXPECT_THAT(figure, HasSubstr("<td class=\"n\">4</td><td class=\"n\">0.75</td>"));
}

TEST(ChartFigure, LeavesOutWhatIsNoNumberAndEscapesNames) {
  Chart it = chart();
  it.title = it.x_label = it.y_label = it.words = it.group = "</script><script>\"";
  it.columns = {{"<script>", ColumnKind::kLine, {std::nan(""), HUGE_VAL, 3}}};
  it.marks = {{"<script>", MarkKind::kWindow, 1, {}}};
  const std::string figure = chart_figure(it);
  for (const char* forbidden : {"nan", "inf", "<script", "</script"})
    EXPECT_THAT(figure, Not(HasSubstr(forbidden)));
  EXPECT_THAT(figure, HasSubstr("&lt;script&gt;"));
}

TEST(ChartFigure, WithoutPointsIsNothing) {
  Chart it = chart();
  it.columns = {{"a", ColumnKind::kLine, {std::nullopt, std::nullopt, std::nan("")}}};
  EXPECT_EQ(chart_figure(it), "");
}

TEST(ShareBar, WidthsAreTheShares) {
  const std::string svg =
      share_bar({{"compute", 0.6}, {"queue", 0}, {"network", 0.4}}, "where time goes");
  EXPECT_THAT(svg, HasSubstr("x=\"0.0\" y=\"0\" width=\"600.0\""));
  EXPECT_THAT(svg, HasSubstr("x=\"600.0\" y=\"0\" width=\"400.0\""));
  EXPECT_THAT(svg, Not(HasSubstr("queue")));
}

}  // namespace
}  // namespace soliton
