#include "cluster/report/report_html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "cluster/report/html.h"
#include "cluster/report/page_parts.h"
#include "cluster/results/sha256.h"
#include "tests/unit/report/sample_page.h"
#include "tests/unit/report/sample_plan.h"

namespace soliton {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kEvil =
    "\"></script><script>alert('x')</script><img src=http://evil.example/>";

std::string page(const RunResults& r, const Plan& plan) {
  return sample::without_frame(report_page(sample::input(r, plan)).html);
}

std::string text_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
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

std::vector<unsigned char> from_base64(const std::string& text) {
  const std::string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<unsigned char> out;
  unsigned int bits = 0, count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = (bits << 6U) | static_cast<unsigned int>(letters.find(c));
    if ((count += 6) < 8) continue;
    out.push_back(static_cast<unsigned char>(bits >> (count -= 8)));
  }
  return out;
}

std::string hex(const std::vector<unsigned char>& bytes) {
  std::string out;
  for (const unsigned char byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

// The text of the only element of this name.
std::string only(const std::string& html, const std::string& name) {
  const std::string open = "<" + name + ">", close = "</" + name + ">";
  const std::size_t from = html.find(open);
  EXPECT_EQ(html.find(open, from + 1), std::string::npos) << name;
  return html.substr(from + open.size(), html.find(close, from) - from - open.size());
}

TEST(ReportHtml, ItsPolicyForbidsEverythingButItsOwnScriptAndStyle) {
  const Plan plan = sample::plan();
  const std::string html = report_page(sample::input(sample::run(), plan)).html;
  std::smatch policy;
  ASSERT_TRUE(std::regex_search(
      html, policy,
      std::regex("content=\"default-src 'none'; base-uri 'none'; form-action 'none'; style-src "
                 "'sha256-([^']+)'; script-src 'sha256-([^']+)'\"")));
  for (const auto& [name, number] : {std::pair("style", 1), {"script", 2}}) {
    Sha256 digest;
    digest.update(only(html, name));
    EXPECT_EQ(hex(from_base64(policy[static_cast<std::size_t>(number)])), digest.hex()) << name;
  }
  for (const char* forbidden :
       {"<link", "<img", " src=", " href=", "style=\"", "onclick", "javascript:"})
    EXPECT_THAT(sample::without_frame(html), Not(HasSubstr(forbidden)));
  for (const char* forbidden : {"@import", "url("})
    EXPECT_THAT(std::string(kPageStyle), Not(HasSubstr(forbidden)));
}

TEST(ReportHtml, CarriesTheLicenceOfWhatDrawsItsCharts) {
  EXPECT_THAT(std::string(kPageScript), HasSubstr("Copyright (c) 2022 Leon Sorokin"));
  EXPECT_THAT(std::string(kPageScript), Not(HasSubstr("</script")));
}

// What was taken over is unchanged: the digests are those of the published package.
TEST(ReportHtml, WhatDrawsItsChartsIsAsPublished) {
  const std::string folder = SOLITON_SOURCE_DIR "/cluster/report/page/uplot/";
  const std::string notice = text_of_file(folder + "NOTICE.md");
  for (const char* name : {"LICENSE", "uPlot.iife.min.js", "uPlot.min.css"}) {
    Sha256 digest;
    digest.update(text_of_file(folder + name));
    EXPECT_THAT(notice, HasSubstr(fmt::format("| `{}` | `{}` |", name, digest.hex())));
  }
}

TEST(ReportHtml, ShowsTheNumbersTheSectionsAndThePlan) {
  const Plan plan = sample::plan();
  const std::string html = page(sample::run(), plan);
  for (const char* wanted :
       {"35.0 us", "10,000/s", "84 %", "bit-identical", "class=\"plan\"",
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
  r.series->links[5].intervals.back().packets = 1;
  const std::string html = page(r, plan);
  for (const char* wanted : {"<h3>Links over time</h3>", "Load of the busiest links",
                             "Their longest queues", "n5 -&gt; s", "all 6 directions", "time (ms)"})
    EXPECT_THAT(html, HasSubstr(wanted));
  const std::size_t one = html.find("Load of one link");
  ASSERT_NE(one, std::string::npos);
  EXPECT_THAT(html.substr(0, one), Not(HasSubstr("n1 -&gt; s")))
      << "there are four that are busier";
  EXPECT_THAT(html.substr(one), HasSubstr("<option>n1 -&gt; s</option>"));
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
  for (const char* markup : {"<script", "</script", "<img"})
    EXPECT_THAT(html, Not(HasSubstr(markup)));
  EXPECT_TRUE(well_formed(html));
}

TEST(ReportHtml, OfAnEmptyRunIsStillAPage) {
  const std::string html = sample::without_frame(report_page(sample::input(RunResults{})).html);
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

TEST(ReportHtml, BeginsWithWhatRanAndWhetherItWasRight) {
  const Plan plan = sample::plan();
  RunResults r = sample::run();
  EXPECT_THAT(page(r, plan),
              HasSubstr("As it should be</b>: all 1,200 requests were answered; 1,200 "
                        "checked, all bit-identical to one unsharded device"));
  r.outputs.mismatched = 3;
  EXPECT_THAT(page(r, plan), HasSubstr("Not as it should be</b>"));
  r.outputs.mismatched = 0;
  r.expectations = {{"p99", "< 1 us", "40 us", false}};
  EXPECT_THAT(page(r, plan), HasSubstr("Not as it should be</b>"));
  EXPECT_THAT(page(r, plan), HasSubstr("0 of 1 expectation met"));
}

TEST(ReportHtml, ItsPartsComeInTheOrderOfAReadersQuestions) {
  const Plan plan = sample::plan();
  RunResults r = sample::run();
  r.requests[7].completed += microseconds(3);
  r.requests[8].completed += microseconds(5);
  r.requests[9].completed += microseconds(700);
  r.links = {{"a -> s", 60, 4000, 0.5, 1, 0, 0, 0, 2, Bytes{3000}, nanoseconds(250)}};
  r.faults = {{kRunStart, "f", "loss", "a-s", {}}};
  warn(r.warnings, warning_id::kFewSamples, "few");
  const std::string html = page(r, plan);
  std::size_t last = html.find("class=\"verdict\"");
  for (const char* heading :
       {"Where the time goes", "Latency", "Over time", "Links", "Nodes", "Plan", "Faults",
        "Predicted and measured", "Warnings", "How to get it again"}) {
    const std::size_t at = html.find(fmt::format("<h2>{}</h2>", heading));
    ASSERT_NE(at, std::string::npos) << heading;
    EXPECT_GT(at, last) << heading;
    last = at;
  }
  EXPECT_THAT(html, HasSubstr("What helps: Raise workload.requests"));
}

TEST(ReportHtml, EqualNodesShareARow) {
  const Plan plan = sample::plan();
  RunResults r = sample::run();
  r.nodes = {{"fpga9", "bw", "npu", Bytes{100}, Bytes{75}, 0.5, "ok"},
             {"fpga10", "bw", "npu", Bytes{100}, Bytes{75}, 0.5, "ok"},
             {"fpga11", "bw", "npu", Bytes{100}, Bytes{90}, 0.5, "ok"}};
  const std::string html = sample::without_frame(report_page(sample::input(r)).html);
  EXPECT_THAT(html, HasSubstr("<td>fpga9-10</td><td>2</td>"));
  EXPECT_LT(html.find("<td>fpga11</td>"), html.find("<td>fpga9-10</td>")) << "the fullest first";
}

TEST(ReportHtml, MarksAnIncompleteRun) {
  const Plan plan = sample::plan();
  RunResults r = sample::run();
  EXPECT_THAT(page(r, plan), Not(HasSubstr("not complete")));
  r.complete = false;
  EXPECT_THAT(page(r, plan), HasSubstr("not complete"));
}

// A folder may lack anything, and what is there may be cut off anywhere.
TEST(ReportHtml, OfADamagedFolderShowsWhatThereIsAndSaysWhatIsMissing) {
  const Plan plan = sample::plan();
  const ReportInput whole = sample::input(sample::run(), plan);
  EXPECT_THAT(report_page(whole).missing, testing::IsEmpty());
  struct Case {
    std::string RunTexts::*file;
    const char* said;
    const char* still;
  };
  for (const Case& it : {Case{&RunTexts::results, "results.json", "<h2>Latency</h2>"},
                         Case{&RunTexts::requests, "requests.csv", "<h2>Nodes</h2>"},
                         Case{&RunTexts::plan, "plan.json", "<h2>Latency</h2>"}})
    for (const double share : {0.0, 0.3, 0.98}) {
      ReportInput input = whole;
      std::string& text = input.texts.*it.file;
      text.resize(static_cast<std::size_t>(static_cast<double>(text.size()) * share));
      const ReportPage made = report_page(input);
      EXPECT_THAT(made.missing, testing::Contains(HasSubstr(it.said))) << share;
      EXPECT_THAT(made.html, HasSubstr(it.still)) << it.said << share;
      EXPECT_TRUE(well_formed(sample::without_frame(made.html)));
    }
}

TEST(ReportHtml, OfAnotherVersionSaysSo) {
  ReportInput input = sample::input(sample::run(), sample::plan());
  input.texts.results =
      "{\"soliton\": \"7.0.0\", \"nodes\": \"none\", \"latency_us\": {\"mean\": \"x\"}}";
  const ReportPage made = report_page(input);
  EXPECT_THAT(made.missing, testing::Contains(HasSubstr("soliton 7.0.0")));
  EXPECT_THAT(made.missing, testing::Contains(HasSubstr("no requests, breakdown_us, fabric")));
  EXPECT_THAT(made.html, HasSubstr("<h2>Latency</h2>"));
}

}  // namespace
}  // namespace soliton
