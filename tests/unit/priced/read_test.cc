#include <gtest/gtest.h>

#include "partition/priced/decimal.h"
#include "partition/priced/read_priced.h"

namespace soliton::priced {
namespace {

using testing::HasSubstr;

// Two operators in a row; each argument replaces a part.
struct Parts {
  std::string head = R"("maxSizePerFPGA": 1000.0, "maxFPGAs": 2, "maxCPUs": 1)";
  std::string nodes =
      R"({"id": 1, "supportedOnFpga": 1, "cpuLatency": 2.5, "fpgaLatency": 0.25, "size": 10},
         {"id": 2, "supportedOnFpga": true, "cpuLatency": 1e1, "fpgaLatency": 1, "size": 20.0})";
  std::string edges = R"({"sourceId": 1, "destId": 2, "cost": 0.5})";
};
std::string text_of(const Parts& it) {
  return "{" + it.head + ",\n\"nodes\": [" + it.nodes + "],\n\"edges\": [" + it.edges + "]}";
}
std::string errors_of(const std::string& text) {
  const Checked<PricedGraph> graph = read_priced(text, "g.json");
  return graph ? "" : graph.error().text();
}
std::string node(int id, const std::string& more = R"("size": 1)") {
  return fmt::format(R"({{"id": {}, "supportedOnFpga": 1, "cpuLatency": 1, "fpgaLatency": 1, {}}})",
                     id, more);
}
std::string edge(int from, int to) {
  return fmt::format(R"({{"sourceId": {}, "destId": {}, "cost": 1}})", from, to);
}

TEST(ReadPriced, TimesArePicosecondsAndSizesBytes) {
  const Checked<PricedGraph> graph = read_priced(text_of({}), "g.json");
  ASSERT_TRUE(graph) << graph.error().text();
  ASSERT_EQ(graph->operators.size(), 2u);
  const Operator& first = graph->operators[0];
  EXPECT_EQ(first.id, "1");
  EXPECT_EQ(first.times[kCpu], picoseconds(2'500'000'000));
  EXPECT_EQ(first.times[kFpga], picoseconds(250'000'000));
  EXPECT_EQ(first.transfer, picoseconds(500'000'000));
  EXPECT_EQ(graph->operators[1].size.count, 20);
  EXPECT_EQ(graph->classes[kFpga].memory.count, 1000);
  EXPECT_EQ(graph->classes[kFpga].count, 2);
  EXPECT_EQ(graph->classes[kCpu].count, 1);
  ASSERT_EQ(graph->edges.size(), 1u);
}

TEST(ReadPriced, DecimalsAreExact) {
  EXPECT_EQ(scaled_decimal("6.959999999999999", 9, Rounding::kNearest), 6'960'000'000);
  EXPECT_EQ(scaled_decimal("0.000476837158203125", 9, Rounding::kNearest), 476'837);
  EXPECT_EQ(scaled_decimal("1e-9", 9, Rounding::kNearest), 1);
  EXPECT_EQ(scaled_decimal("4.9e-10", 9, Rounding::kNearest), 0);
  EXPECT_EQ(scaled_decimal("5E-10", 9, Rounding::kNearest), 1);
  EXPECT_EQ(scaled_decimal("0.1", 0, Rounding::kUp), 1);
  EXPECT_EQ(scaled_decimal("1.9", 0, Rounding::kDown), 1);
  EXPECT_EQ(scaled_decimal("-1.5", 0, Rounding::kDown), -2);
  EXPECT_EQ(scaled_decimal("1e+300", 0, Rounding::kNearest), kNumberLimit);
  EXPECT_EQ(scaled_decimal("1e-300", 0, Rounding::kUp), 1);
  EXPECT_EQ(scaled_decimal("0e99999999999999999999", 9, Rounding::kUp), 0);
  EXPECT_EQ(scaled_decimal("1234567890123456789.5", 0, Rounding::kNearest), 1234567890123456790);
}

TEST(ReadPriced, ColorClassesStayTogether) {
  Parts parts;
  parts.nodes = node(1, R"("size": 1, "colorClass": 7)") + "," + node(2) + "," +
                node(3, R"("size": 1, "colorClass": 7)") + "," +
                node(4, R"("size": 1, "colorClass": null)");
  const Checked<PricedGraph> graph = read_priced(text_of(parts), "g.json");
  ASSERT_TRUE(graph) << graph.error().text();
  EXPECT_EQ(graph->operators[0].group, graph->operators[2].group);
  EXPECT_NE(graph->operators[1].group, graph->operators[3].group);
  EXPECT_EQ(group_count(*graph), 3u);
}

TEST(ReadPriced, AnUnsupportedOperatorHasNoTimeThere) {
  Parts parts;
  parts.nodes = R"({"id": "a", "supportedOnFpga": 0, "cpuLatency": 1, "size": 1})";
  parts.edges = "";
  const Checked<PricedGraph> graph = read_priced(text_of(parts), "g.json");
  ASSERT_TRUE(graph) << graph.error().text();
  EXPECT_FALSE(graph->operators[0].times[kFpga]);
}

TEST(ReadPriced, TheSameEdgeTwiceIsOne) {
  Parts parts;
  parts.edges = edge(1, 2) + "," + edge(1, 2);
  const Checked<PricedGraph> graph = read_priced(text_of(parts), "g.json");
  ASSERT_TRUE(graph) << graph.error().text();
  EXPECT_EQ(graph->edges.size(), 1u);
}

// Each bad part, what must be said of it, and where.
struct Bad {
  Parts parts;
  const char* place;
  const char* words;
};
class ReadPricedBad : public testing::TestWithParam<Bad> {};

TEST_P(ReadPricedBad, IsSaidWithItsPlace) {
  const Checked<PricedGraph> graph = read_priced(text_of(GetParam().parts), "g.json");
  ASSERT_FALSE(graph);
  EXPECT_THAT(graph.error().text(), HasSubstr(GetParam().words));
  EXPECT_TRUE(graph.error().text().starts_with(GetParam().place)) << graph.error().text();
  EXPECT_EQ(graph.error().errors.front().code, ErrorCode::kInvalid);
}

const std::string kTwo = node(1) + "," + node(2);

INSTANTIATE_TEST_SUITE_P(
    All, ReadPricedBad,
    testing::Values(
        Bad{{.head = R"("maxSizePerFPGA": -1, "maxFPGAs": 2, "maxCPUs": 1)"},
            "g.json:1:20: ",
            "memory -1 is not a size"},
        Bad{{.head = R"("maxSizePerFPGA": 1e19, "maxFPGAs": 2, "maxCPUs": 1)"},
            "g.json:1:20: ",
            "memory 1e19 is not a size"},
        Bad{{.head = R"("maxSizePerFPGA": "NaN", "maxFPGAs": 2, "maxCPUs": 1)"},
            "g.json:1:20: ",
            "memory NaN is not a size"},
        Bad{{.head = R"("maxSizePerFPGA": NaN, "maxFPGAs": 2, "maxCPUs": 1)"},
            "g.json:1:20: ",
            "NaN is not a number"},
        Bad{{.head = R"("maxSizePerFPGA": 1, "maxFPGAs": 0, "maxCPUs": 0)"},
            "g.json:1:35: ",
            "no usable node"},
        Bad{{.head = R"("maxSizePerFPGA": 1, "maxFPGAs": 1.5, "maxCPUs": 0)"},
            "g.json:1:35: ",
            "must be a whole number"},
        Bad{{.head = R"("maxSizePerFPGA": 1, "maxFPGA": 1, "maxCPUs": 0)"},
            "g.json:1:1: ",
            R"(no "maxFPGAs"; did you mean "maxFPGA"?)"},
        Bad{{.nodes = "", .edges = ""}, "g.json:2:10: ", "graph has no operators"},
        Bad{{.nodes = node(1) + ",\n" + node(1), .edges = ""},
            "g.json:3:1: ",
            "operator 1 is defined twice (first at line 2)"},
        Bad{{.nodes = node(1, R"("size": -3)"), .edges = ""},
            "g.json:2:",
            "memory -3 is not a size"},
        Bad{{.nodes =
                 R"({"id": 1, "supportedOnFpga": 1, "cpuLatency": -2, "fpgaLatency": 1, "size": 1})",
             .edges = ""},
            "g.json:2:57: ",
            R"("cpuLatency" is -2 ms)"},
        Bad{{.nodes = node(1, R"("size": 1, "isBackwardNode": true)"), .edges = ""},
            "g.json:2:",
            "operator 1 is a backward operator"},
        Bad{{.nodes = kTwo, .edges = edge(1, 3)}, "g.json:3:11: ", "edge 1 > 3: no operator 3"},
        Bad{{.nodes = node(1000) + "," + node(2000), .edges = edge(1000, 2001)},
            "g.json:3:11: ",
            "edge 1000 > 2001: no operator 2001; did you mean 2000?"},
        Bad{{.nodes = kTwo, .edges = edge(2, 2)}, "g.json:3:11: ", "self-loop on operator 2"},
        Bad{{.nodes = kTwo + "," + node(3) + "," + node(4),
             .edges = edge(1, 2) + "," + edge(2, 3) + "," + edge(3, 4) + "," + edge(4, 1) + ",\n" +
                      edge(3, 2)},
            "g.json:4:1: ",
            "cycle: 2 > 3 > 2; remove the edge 3 > 2"},
        Bad{{.nodes = kTwo + "," + node(3),
             .edges = edge(1, 2) + R"(,{"sourceId": 1, "destId": 3, "cost": 2})"},
            "g.json:3:",
            "edge 1 > 3: cost 2 ms, but 1 ms at line 3"},
        Bad{{.head = R"("maxSizePerFPGA": 1, "maxFPGAs": 1, "maxCPUs": 0)",
             .nodes = R"({"id": 1, "supportedOnFpga": 0, "cpuLatency": 1, "size": 1})",
             .edges = ""},
            "g.json:2:11: ",
            "no node can run operator 1"},
        Bad{{.nodes = node(1) + "] , [", .edges = ""}, "g.json:2:", "not JSON"}));

TEST(ReadPriced, AllErrorsAtOnce) {
  Parts parts;
  parts.head = R"("maxSizePerFPGA": -1, "maxFPGAs": 2, "maxCPUs": 1)";
  parts.edges = edge(1, 5) + "," + edge(2, 2);
  const Checked<PricedGraph> graph = read_priced(text_of(parts), "g.json");
  ASSERT_FALSE(graph);
  EXPECT_EQ(graph.error().errors.size(), 3u) << graph.error().text();
}

TEST(ReadPriced, WhatCannotFitIsRefusedWithTheNumbers) {
  Parts parts;
  parts.head = R"("maxSizePerFPGA": 1024, "maxFPGAs": 2, "maxCPUs": 0)";
  parts.nodes = node(1, R"("size": 1024)") + "," + node(2, R"("size": 1024)") + "," +
                node(3, R"("size": 1000)");
  const Checked<PricedGraph> graph = read_priced(text_of(parts), "g.json");
  ASSERT_FALSE(graph);
  EXPECT_EQ(graph.error().errors.front().code, ErrorCode::kDoesNotFit);
  EXPECT_THAT(graph.error().text(),
              HasSubstr("model needs 3048 bytes (3.0 KiB); cluster holds 2048 bytes (2.0 KiB) on 2 "
                        "usable nodes: 1000 bytes short; add 1 node(s)"));
  parts.nodes = node(1, R"("size": 1025)") + "," + node(2);
  EXPECT_THAT(errors_of(text_of(parts)), HasSubstr("exceeds the memory of the largest node"));
}

TEST(ReadPriced, MemoryZeroIsAWarning) {
  Parts parts;
  parts.head = R"("maxSizePerFPGA": 0, "maxFPGAs": 2, "maxCPUs": 1)";
  std::vector<std::string> warnings;
  ASSERT_TRUE(read_priced(text_of(parts), "g.json", &warnings));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0], HasSubstr("memory 0 bytes"));
}

TEST(ReadPriced, DeepAndBrokenTextsAreRefused) {
  EXPECT_THAT(errors_of(std::string(100'000, '[')), HasSubstr("levels deep"));
  EXPECT_THAT(errors_of("[]"), HasSubstr("a graph is an object"));
  EXPECT_THAT(errors_of(""), HasSubstr("not JSON"));
  EXPECT_THAT(errors_of("{\"a\": 1, \"a\": 2}"), HasSubstr("given twice"));
}

TEST(Planned, ReadsBackWhatWasWritten) {
  const PricedGraph graph = *read_priced(text_of({}), "g.json");
  Assignment plan;
  plan.objective = Objective::kLatency;
  plan.places = {{kFpga, 1}, {kCpu, 0}};
  plan.value = picoseconds(10'750'000'001);
  plan.lower_bound = picoseconds(1'250'000'000);
  plan.verdict = verdict_of(plan.value, plan.lower_bound);
  const std::string text = json_text(planned_json(graph, plan), JsonLayout::kRows);
  const Checked<PlannedGraph> back = read_planned(text, "plan.json");
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(back->assignment.places, plan.places);
  EXPECT_EQ(back->assignment.value, plan.value);
  EXPECT_EQ(back->assignment.lower_bound, plan.lower_bound);
  EXPECT_EQ(back->assignment.objective, plan.objective);
  EXPECT_EQ(back->assignment.verdict, "within 760.01 %");
  EXPECT_EQ(back->graph.operators[0].times, graph.operators[0].times);
  EXPECT_EQ(back->graph.operators[1].size, graph.operators[1].size);
  EXPECT_EQ(back->graph.operators[0].transfer, graph.operators[0].transfer);
}

TEST(Planned, UnknownNodesAndMissingOperatorsAreErrors) {
  const PricedGraph graph = *read_priced(text_of({}), "g.json");
  Assignment plan;
  plan.places = {{kFpga, 1}, {kCpu, 0}};
  Json json = planned_json(graph, plan);
  json["assignment"] = {{"1", "fpga2"}, {"x", "cpu0"}};
  const Checked<PlannedGraph> back = read_planned(json_text(json, JsonLayout::kRows), "plan.json");
  ASSERT_FALSE(back);
  EXPECT_THAT(back.error().text(), HasSubstr("no node \"fpga2\""));
  EXPECT_THAT(back.error().text(), HasSubstr("no operator x"));
  EXPECT_THAT(back.error().text(), HasSubstr("operator 2 has no node"));
}

TEST(Verdict, IsNeverMoreThanTheBoundAllows) {
  const auto words = [](std::int64_t value, std::int64_t bound) {
    return verdict_of(picoseconds(value), picoseconds(bound));
  };
  EXPECT_EQ(words(100, 100), "optimal");
  EXPECT_EQ(words(0, 0), "optimal");
  EXPECT_EQ(words(100'001, 100'000), "within 0.01 %");
  EXPECT_EQ(words(101, 100), "within 1.00 %");
  EXPECT_EQ(words(5, 0), "no proof");
  EXPECT_EQ(words(12, 1), "no proof");
}

}  // namespace
}  // namespace soliton::priced
