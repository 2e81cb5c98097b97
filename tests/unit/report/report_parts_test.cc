// Latencies, the course of a run, the network and single requests on the page of a run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "cluster/report/chart.h"
#include "cluster/report/network_picture.h"
#include "cluster/report/run_requests.h"
#include "protocol/json/json.h"
#include "tests/unit/report/sample_page.h"
#include "tests/unit/report/sample_plan.h"

namespace soliton {
namespace {

using testing::HasSubstr;
using testing::Not;

RunResults run_of(const std::vector<Duration>& latencies) {
  RunResults r;
  r.name = "r";
  r.time = "virtual";
  Duration at{};
  for (std::size_t i = 0; i < latencies.size(); ++i) {
    RequestRecord& request = r.requests.emplace_back();
    request.request = RequestId{static_cast<std::uint32_t>(i)};
    request.sent = kRunStart + at;
    at += latencies[i];
    request.completed = kRunStart + at;
    request.path = {latencies[i], {}, {}, {}};
  }
  r.sent = static_cast<std::int64_t>(latencies.size());
  return r;
}

std::string page_of(const RunResults& r) {
  return sample::without_frame(report_page(sample::input(r)).html);
}

// The rows of the table of the chart with this title.
std::vector<std::vector<std::string>> points_of(const std::string& html, const std::string& title) {
  std::vector<std::vector<std::string>> out;
  const std::size_t from = html.find("<figcaption>" + title);
  EXPECT_NE(from, std::string::npos) << title;
  if (from == std::string::npos) return out;
  const std::size_t table = html.find("<table class=\"data\">", from);
  const std::string text = html.substr(table, html.find("</table>", table) - table);
  const std::regex row("<tr>(<td.*)</tr>"), cell("<td[^>]*>([^<]*)</td>");
  for (std::sregex_iterator it(text.begin(), text.end(), row), end; it != end; ++it) {
    const std::string cells = (*it)[1];
    std::vector<std::string>& values = out.emplace_back();
    for (std::sregex_iterator c(cells.begin(), cells.end(), cell); c != end; ++c)
      values.push_back((*c)[1]);
  }
  return out;
}

double number(std::string text) {
  std::erase(text, ',');
  return std::stod(text);
}

TEST(ReadRequests, ReadsWhatIsWholeAndCountsWhatIsNot) {
  std::string csv = requests_csv(run_of({microseconds(3), nanoseconds(5'001)}));
  const ReportRequests both = read_requests(csv);
  EXPECT_TRUE(both.known);
  ASSERT_EQ(both.completed.size(), 2u);
  EXPECT_EQ(both.completed[1].latency(), nanoseconds(5'001));
  EXPECT_EQ(both.completed[1].path.compute, nanoseconds(5'001));
  EXPECT_EQ(both.unreadable, 0);
  csv.resize(csv.size() - 3);
  const ReportRequests cut = read_requests(csv);
  EXPECT_EQ(cut.completed.size(), 1u);
  EXPECT_EQ(cut.unreadable, 1);
  EXPECT_FALSE(read_requests("a,b\n1,2\n").known);
  EXPECT_FALSE(read_requests("").known);
}

TEST(LatencyOnThePage, OfEqualRequestsIsASentence) {
  const std::string html = page_of(run_of(std::vector<Duration>(1'200, nanoseconds(57'690))));
  EXPECT_THAT(html, HasSubstr("All 1,200 requests took 57.7 us."));
  EXPECT_THAT(html, Not(HasSubstr("figure class=\"chart\"")));
}

TEST(LatencyOnThePage, OfTwoValuesIsASentenceToo) {
  std::vector<Duration> latencies(199, microseconds(50));
  latencies.push_back(microseconds(257));
  EXPECT_THAT(page_of(run_of(latencies)),
              HasSubstr("Of 200 requests, 199 took 50.0 us and 1 took 257.0 us."));
}

TEST(LatencyOnThePage, DrawsFewPointsAndLosesNoExtreme) {
  std::vector<Duration> latencies;
  for (int i = 0; i < 50'000; ++i) latencies.push_back(nanoseconds(10'000 + (i * 7'919) % 50'000));
  latencies[777] = microseconds(9'000);
  latencies[778] = nanoseconds(20);
  const std::string html = page_of(run_of(latencies));
  const auto points = points_of(html, "How many requests took how long");
  EXPECT_LE(points.size(), kDistributionPoints);
  EXPECT_GE(points.size(), 1'000u);
  EXPECT_EQ(points.front()[0], "0.02");
  EXPECT_EQ(points.back()[0], "9,000");
  for (std::size_t i = 1; i < points.size(); ++i)
    EXPECT_LE(number(points[i - 1][0]), number(points[i][0]));
  EXPECT_THAT(html, HasSubstr("p99.9 60.0 us, 50 behind"));
  EXPECT_THAT(html,
              HasSubstr("<td>p99</td><td class=\"n\">59.5 us</td><td class=\"n\">500 of 50,000"));
  const auto bins = points_of(html, "Latency over time");
  EXPECT_LE(bins.size(), kTimeBins);
  double low = 1e9, high = 0;
  for (const auto& bin : bins) {
    if (bin[1].empty()) continue;
    low = std::min(low, number(bin[1]));
    high = std::max(high, number(bin[4]));
  }
  EXPECT_EQ(low, 0.02) << "the fastest is in a bin";
  EXPECT_EQ(high, 9'000) << "and the slowest";
  EXPECT_LT(html.size(), 1'500'000u);
}

TEST(LatencyOnThePage, SaysWhenAPercentileIsTheSlowest) {
  std::vector<Duration> latencies;
  for (int i = 1; i <= 200; ++i) latencies.push_back(microseconds(i));
  EXPECT_THAT(
      page_of(run_of(latencies)),
      HasSubstr("<td>p99.9</td><td class=\"n\">200.0 us</td><td class=\"n\">none: it is the "
                "slowest</td>"));
}

TEST(TimeOnThePage, HasTheWindowsOfFaultsAndTheirHits) {
  RunResults r = run_of(std::vector<Duration>(400, microseconds(10)));
  r.faults = {{kRunStart + microseconds(1'000), "f0", "loss", "a-s", {}, true, {}, {}, {}}};
  r.faults[0].healed = kRunStart + microseconds(1'500);
  r.faults[0].counters.hit(kRunStart + microseconds(1'200));
  const std::string html = page_of(r);
  EXPECT_THAT(html, HasSubstr("<tr data-kind=\"window\"><td>f0: loss</td><td class=\"n\">1,000</td>"
                              "<td class=\"n\">1,500</td></tr>"));
  EXPECT_THAT(html,
              HasSubstr("<tr data-kind=\"tick\"><td>f0, first hit</td><td class=\"n\">1,200"));
}

TEST(TimeOnThePage, MarksEachFiring) {
  ReportInput input = sample::input(run_of(std::vector<Duration>(100, microseconds(10))));
  input.texts.events = "rule,link,direction,ordinal,action,at_ps\nf0,a-s,0,7,drop,42000000\nf0,a";
  RunResults r = run_of(std::vector<Duration>(100, microseconds(10)));
  r.faults = {{kRunStart, "f0", "loss", "a-s", {}, true, {}, {}, {}}};
  input.texts.results = results_json(r);
  EXPECT_THAT(report_page(input).html,
              HasSubstr("<tr data-kind=\"tick\"><td>f0</td><td class=\"n\">42</td>"));
}

TEST(WhyOnThePage, NamesWhatTheTailIsMadeOf) {
  RunResults r = run_of(std::vector<Duration>(99, microseconds(10)));
  RequestRecord slow = r.requests.back();
  slow.request = RequestId{99};
  slow.completed = slow.sent + microseconds(40);
  slow.path = {microseconds(10), microseconds(27), microseconds(3), {}};
  r.requests.push_back(slow);
  EXPECT_THAT(page_of(r), HasSubstr("took 30.0 us longer than the median one; 27.0 us of that is "
                                    "network (90 %)."));
}

// ---- The network

NetworkGraph rack(std::size_t switches, std::size_t nodes) {
  NetworkGraph out;
  for (std::size_t s = 0; s < switches; ++s)
    out.vertices.push_back({"tor" + std::to_string(s), true, 1});
  if (switches > 1) out.vertices.push_back({"spine0", true, 2});
  const auto cable = [&](std::uint32_t a, std::uint32_t b) {
    out.cables.push_back({{a, b}, {out.vertices[a].name, out.vertices[b].name}});
  };
  if (switches > 1)
    for (std::uint32_t s = 0; s < switches; ++s) cable(s, static_cast<std::uint32_t>(switches));
  for (std::size_t n = 0; n < nodes; ++n) {
    out.vertices.push_back({"fpga" + std::to_string(n), false, 0});
    cable(static_cast<std::uint32_t>(out.vertices.size() - 1),
          static_cast<std::uint32_t>(n % switches));
  }
  return out;
}

NetworkGraph ring(std::size_t nodes) {
  NetworkGraph out;
  for (std::size_t n = 0; n < nodes; ++n)
    out.vertices.push_back({"fpga" + std::to_string(n), false, 0});
  for (std::uint32_t n = 0; n < nodes; ++n) {
    const auto next = static_cast<std::uint32_t>((n + 1) % nodes);
    out.cables.push_back({{n, next}, {out.vertices[n].name, out.vertices[next].name}});
  }
  return out;
}

struct Box {
  double x = 0, y = 0, width = 0, height = 0;
};

// Boxes and bars; panels hold others.
std::vector<Box> boxes_of(const std::string& svg) {
  std::vector<Box> out;
  const std::regex rect(
      "<rect class=\"(u[0-4]|box|switch)\" x=\"([-0-9.]+)\" y=\"([-0-9.]+)\" width=\"([0-9.]+)\" "
      "height=\"([0-9.]+)\"");
  for (std::sregex_iterator it(svg.begin(), svg.end(), rect), end; it != end; ++it)
    out.push_back(
        {std::stod((*it)[2]), std::stod((*it)[3]), std::stod((*it)[4]), std::stod((*it)[5])});
  return out;
}

TEST(NetworkPicture, NothingLiesOnAnythingElse) {
  for (const NetworkGraph& graph : {rack(1, 4), rack(1, 16), rack(1, 64), rack(2, 16), rack(8, 64),
                                    ring(4), ring(16), ring(64)}) {
    const std::optional<std::string> svg = network_svg(graph, {});
    ASSERT_TRUE(svg);
    std::smatch size;
    ASSERT_TRUE(
        std::regex_search(*svg, size, std::regex("width=\"([0-9]+)\" height=\"([0-9]+)\"")));
    const double width = std::stod(size[1]), height = std::stod(size[2]);
    const std::vector<Box> boxes = boxes_of(*svg);
    EXPECT_GE(boxes.size(), graph.vertices.size());
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      const Box& a = boxes[i];
      EXPECT_TRUE(a.x >= 0 && a.y >= 0 && a.x + a.width <= width && a.y + a.height <= height);
      for (std::size_t j = 0; j < i; ++j) {
        const Box& b = boxes[j];
        EXPECT_FALSE(a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height &&
                     b.y < a.y + a.height)
            << graph.vertices.size() << " vertices, boxes " << i << " and " << j;
      }
    }
  }
}

TEST(NetworkPicture, ShowsTheLoadOfEachDirection) {
  const LinkLoads loads = {{"fpga1 -> tor0", {0.8, 1000}}, {"tor0 -> fpga1", {0.05, 10}}};
  const std::string svg = *network_svg(rack(1, 4), loads);
  EXPECT_THAT(svg, HasSubstr("out 80 %"));
  EXPECT_THAT(svg, HasSubstr("in 5.0 %"));
  EXPECT_THAT(svg, HasSubstr("class=\"u4\""));
  EXPECT_EQ(load_class(0), 0);
  EXPECT_EQ(load_class(0.05), 1);
  EXPECT_EQ(load_class(1), 4);
}

TEST(NetworkPicture, OfThousandsOfNodesIsLeftToTheTable) {
  EXPECT_FALSE(network_svg(rack(40, 960), {}));
}

// ---- Critical paths

TEST(PathsOnThePage, StandBesideEachOtherWithTheirDifference) {
  ReportInput input = sample::input(run_of({microseconds(20), microseconds(30)}));
  auto json = Json::parse(input.texts.results);
  const auto part = [](const char* where, const char* what, double us) {
    return Json{{"where", where}, {"what", what}, {"time_us", us}};
  };
  json["critical_paths"] = {
      {{"which", "median"}, {"request", 3}, {"parts", {part("fpga0", "compute", 12)}}},
      {{"which", "p99.9"},
       {"request", 8},
       {"parts", {part("fpga0", "compute", 10), part("fpga0 -> host0", "network", 20)}}}};
  input.texts.results = json.dump();
  const std::string html = report_page(input).html;
  EXPECT_THAT(html, HasSubstr("median, request 3</th>"));
  EXPECT_THAT(html, HasSubstr("<td>fpga0 -&gt; host0</td><td>network</td>"));
  EXPECT_THAT(html, HasSubstr("+20.0 us"));
  EXPECT_THAT(html, HasSubstr("-2.00 us"));
  json["critical_paths"] = {1, {{"parts", 3}}};
  input.texts.results = json.dump();
  EXPECT_THAT(report_page(input).html, Not(HasSubstr("<td>fpga0 -&gt; host0</td>")));
}

// ---- A request from the trace

TEST(RequestOnThePage, HasItsNodesChainsAndTheWayBackFromTheAnswer) {
  const NodeId fpga{0}, host{1};
  const auto at = [](std::int64_t us) { return kRunStart + microseconds(us); };
  const auto slice = [&](NodeId node, TraceKind kind, std::int64_t from, std::int64_t to,
                         std::int64_t a, std::int64_t b) {
    return TraceEvent{at(from), microseconds(to - from), node, kind, a, b, 0};
  };
  const std::vector<TraceEvent> events = {
      slice(host, TraceKind::kRequest, 0, 20, 5, 0),
      slice(fpga, TraceKind::kServe, 4, 15, 5, 0),
      slice(fpga, TraceKind::kChain, 6, 9, 0, 5),
      {at(1), {}, host, TraceKind::kMessageSent, 1, 64, 0},
      {at(4), {}, fpga, TraceKind::kMessageReceived, 1, 64, 1},
      {at(15), {}, fpga, TraceKind::kMessageSent, 2, 64, 1},
      {at(18), {}, host, TraceKind::kMessageReceived, 2, 64, 0}};
  ReportInput input = sample::input(run_of({microseconds(20)}));
  input.texts.trace = trace_json(events, {{"fpga0", "host0"}, {{"gru0.h"}}, {}, {}});
  const std::string html = report_page(input).html;
  EXPECT_THAT(html, HasSubstr("Request 5, 20.0 us: the one that was traced"));
  EXPECT_THAT(html, HasSubstr("MVU gru0.h, 6.00 us to 9.00 us"));
  EXPECT_THAT(html, HasSubstr("class=\"path\""));
  EXPECT_THAT(html, HasSubstr("<td>fpga0</td><td>last message that host0 waited for</td>"));
  EXPECT_THAT(html, HasSubstr("<td>host0</td><td>last message that fpga0 waited for</td>"));
}

TEST(RequestOnThePage, IsLeftOutOfATraceThatCannotBeRead) {
  ReportInput input = sample::input(run_of({microseconds(20)}));
  for (const char* bad : {"{", "[]", "{\"traceEvents\": [1, {\"ph\": \"X\", \"pid\": \"x\"}]}"}) {
    input.texts.trace = bad;
    EXPECT_THAT(report_page(input).html, Not(HasSubstr("Request 5")));
  }
}

}  // namespace
}  // namespace soliton
