#include "cluster/report/report_html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "cluster/report/html.h"
#include "tests/unit/report/sample_plan.h"

namespace soliton {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kEvil = "\"><script>alert('x')</script><img src=http://evil.example/>";

std::string page(const RunResults& r, const Plan& plan) {
  return report_html(r, sample::context(plan), "<svg id=\"plan\"></svg>");
}

// Tags are opened and closed in order; the few that stand alone are left out.
bool well_formed(const std::string& html) {
  std::vector<std::string> open;
  const std::regex tag("<(/?)([a-zA-Z0-9]+)([^<>]*)>");
  for (std::sregex_iterator it(html.begin(), html.end(), tag), end; it != end; ++it) {
    const std::string name = (*it)[2], rest = (*it)[3];
    if (name == "meta" || rest.ends_with("/")) continue;
    if ((*it)[1] == "") {
      open.push_back(name);
    } else {
      if (open.empty() || open.back() != name) return false;
      open.pop_back();
    }
  }
  return open.empty();
}

TEST(HtmlEscape, LeavesNoMarkupAndNoQuotes) {
  EXPECT_EQ(html_escape("<a href='x' b=\"y\">&"),
            "&lt;a href=&#39;x&#39; b=&quot;y&quot;&gt;&amp;");
  EXPECT_EQ(html_escape(std::string("a\0b\x1b", 4)), "a b ");
  EXPECT_EQ(html_escape("\xff"), "\xef\xbf\xbd");
}

TEST(ReportHtml, ForbidsItselfTheNetworkAndScripts) {
  const Plan plan = sample::plan();
  const std::string html = page(sample::run(), plan);
  EXPECT_THAT(html, HasSubstr("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
  for (const char* forbidden :
       {"<script", "http://", "https://", "<link", "<img", "@import", "url("})
    EXPECT_THAT(html, Not(HasSubstr(forbidden)));
}

TEST(ReportHtml, ShowsTheNumbersTheSectionsAndThePlan) {
  const Plan plan = sample::plan();
  const std::string html = page(sample::run(), plan);
  for (const char* wanted :
       {"35.0 us", "10,000/s", "84 %", "bit-identical", "<svg id=\"plan\">",
        "rows of gru over fpga0-2", "MatrixRf", "214,511", "<h2>Nodes</h2>", "<h2>Network</h2>"})
    EXPECT_THAT(html, HasSubstr(wanted));
  EXPECT_THAT(html, Not(HasSubstr("<h2>Faults</h2>")));
  EXPECT_TRUE(well_formed(html));
}

TEST(ReportHtml, ShowsThePortsThatWerePausedLongestFirst) {
  const Plan plan = sample::plan();
  RunResults r = sample::run();
  EXPECT_THAT(page(r, plan), Not(HasSubstr("<h2>Pauses</h2>")));
  r.pauses.emplace();
  r.pauses->ports = {{"a -> s", 2, microseconds(3), {}, {}, {}, 0},
                     {"b -> s", 1, microseconds(5), {}, {}, Bytes{77}, 0}};
  r.pauses->deadlocks = {{kRunStart, {"s -> t", "t -> s"}}};
  const std::string html = page(r, plan);
  for (const char* wanted : {"<h2>Pauses</h2>", "77 bytes", "s -&gt; t, t -&gt; s"})
    EXPECT_THAT(html, HasSubstr(wanted));
  EXPECT_LT(html.find("b -&gt; s"), html.find("a -&gt; s"));
  EXPECT_TRUE(well_formed(html));
}

TEST(ReportHtml, DrawsTheBusiestLinksOverTime) {
  const Plan plan = sample::plan();
  RunResults r = sample::run();
  EXPECT_THAT(page(r, plan), Not(HasSubstr("Links over time")));
  r.series = SeriesResult{microseconds(10), microseconds(10), {}};
  EXPECT_THAT(page(r, plan), Not(HasSubstr("Links over time"))) << "nothing was sent";
  for (int i = 0; i < 6; ++i)
    r.series->links.push_back(
        {"n" + std::to_string(i) + " -> s",
         {{.packets = 1, .bytes = 9, .busy = microseconds(i + 1), .queue_max = Bytes{4096}}}});
  r.series->links[5].intervals.resize(5'000);
  const std::string html = page(r, plan);
  for (const char* wanted :
       {"<h2>Links over time</h2>", "load of the busiest links", "their longest queues",
        "n5 -&gt; s", "all 6 directions", "time in ms"})
    EXPECT_THAT(html, HasSubstr(wanted));
  EXPECT_THAT(html, Not(HasSubstr("n1 -&gt; s"))) << "there are four that are busier";
  EXPECT_LT(html.size(), page(sample::run(), plan).size() + 60'000) << "curves have few points";
  EXPECT_TRUE(well_formed(html));
}

TEST(ReportHtml, HostileNamesStayText) {
  Plan plan = sample::plan();
  plan.one_device = kEvil;
  plan.placements[0].node = kEvil;
  plan.placements[0].memory[0].memory = kEvil;
  plan.explanation = {kEvil};
  plan.certificate.method = kEvil;
  RunResults r = sample::run();
  r.name = kEvil;
  r.complete = false;
  r.error = kEvil;
  r.nodes[0].device = kEvil;
  r.faults = {{kRunStart, kEvil, kEvil, kEvil, {}}};
  const std::string html = page(r, plan);
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_TRUE(well_formed(html));
}

TEST(ReportHtml, OfAnEmptyRunIsStillAPage) {
  const std::string html = report_html(RunResults{}, SummaryContext{}, "");
  EXPECT_TRUE(well_formed(html));
  EXPECT_THAT(html, Not(HasSubstr("nan")));
}

TEST(ReportHtml, IsStampedWhenPacketsCouldBeForged) {
  const Plan plan = sample::plan();
  RunResults r = sample::run();
  EXPECT_THAT(page(r, plan), Not(HasSubstr("not authenticated")));
  r.ltl.carrier = "udp";
  EXPECT_THAT(page(r, plan), HasSubstr("packets were not authenticated"));
  r.ltl.carrier = "shm";
  EXPECT_THAT(page(r, plan), Not(HasSubstr("not authenticated")));
}

TEST(ReportHtml, MarksAnIncompleteRun) {
  const Plan plan = sample::plan();
  RunResults r = sample::run();
  EXPECT_THAT(page(r, plan), Not(HasSubstr("not complete")));
  r.complete = false;
  EXPECT_THAT(page(r, plan), HasSubstr("not complete"));
}

}  // namespace
}  // namespace soliton
