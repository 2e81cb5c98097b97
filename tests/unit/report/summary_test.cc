#include "cluster/report/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cluster/report/plan_words.h"
#include "tests/unit/report/sample_plan.h"

namespace soliton {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string summary(const RunResults& results) {
  const Plan plan = sample::plan();
  return summary_text(results, sample::context(plan));
}

std::string line_of(const std::string& text, const std::string& label) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(label)) return line;
  return "";
}

TEST(Summary, HasTheShapeOfTheInterfaceWithEveryNumberComputed) {
  EXPECT_EQ(
      summary(sample::run()),
      "quickstart · language-gru on 3 × bw-pocket + 1 host (1 more idle) · rack · ms-fp9 · virtual "
      "time, a process "
      "per node · seed 7\n"
      "\n"
      "plan      rows of gru over fpga0-2, classifier on fpga2, /Gather, /LogSoftmax on "
      "host0 · optimal (contiguous)\n"
      "          fpga0 ████████████████░░░░ 81 %   fpga1 ████████████████████ 100 %   fpga2 "
      "█░░░░░░░░░░░░░░░░░░░ 2 %\n"
      "          one device would need 1.9 MiB more memory than it has\n"
      "run       1,200 requests · 120.0 ms emulated in 0.94 s · 5 processes · 214,511 packets\n"
      "latency   min 30.0   mean 35.0   p50 30.0   p99 40.0   p99.9 40.0   max 40.0 us      "
      "predicted 33.8 us   "
      "bound 29.4 us\n"
      "where     compute 21.0 us 60 %   network 10.5 us 30 %   queue 0.00 us 0 %   host 3.50 us 10 "
      "%\n"
      "rate      10,000 requests/s (closed loop, 1 client)   0.00768 TFLOPS of 3 × 0.512, 0.5 % "
      "used: devices busy "
      "40 % of the time\n"
      "outputs   1,200 checked, all bit-identical to one unsharded device · accuracy 84.2 % (fp32 "
      "84.5 %)\n"
      "wrote     runs/quickstart-20261122-071204/   open report.html, or trace.json in Perfetto\n");
}

TEST(Summary, SaysWhatTheFaultsDid) {
  RunResults r = sample::run();
  r.faults = {{kRunStart + milliseconds(1), "", "loss", "fpga0-tor0", {.hits = 17, .dropped = 17}},
              {kRunStart + milliseconds(2), "", "link_down", "fpga1-tor0", {}}};
  r.fabric.dropped = 17;
  r.ltl.retransmitted = 19;
  const std::string text = summary(r);
  EXPECT_THAT(text, HasSubstr("faults    loss on fpga0-tor0 at 1,000 us: dropped 17 packets\n"
                              "          link_down on fpga1-tor0 at 2,000 us: never hit\n"
                              "          17 packets dropped, 19 retransmitted, 0 timeouts\n"));
}

TEST(Summary, WarningsStandBeforeTheFolder) {
  RunResults r = sample::run();
  EXPECT_EQ(line_of(summary(r), "warning"), "");
  warn(r.warnings, warning_id::kPredictionOff, "35.0 us on average where 33.8 us were predicted");
  warn(r.warnings, warning_id::kFewSamples, "few requests");
  EXPECT_THAT(summary(r), HasSubstr("warning   35.0 us on average where 33.8 us were predicted\n"
                                    "          few requests\n"
                                    "wrote "));
}

TEST(Summary, SaysWhoWasPausedAndWhoWaitedForEachOther) {
  RunResults r = sample::run();
  EXPECT_EQ(line_of(summary(r), "pauses"), "");
  r.pauses.emplace();
  EXPECT_EQ(line_of(summary(r), "pauses"), "pauses    0");
  r.fabric.pauses = 1'200;
  r.pauses->ports = {{"a -> s", 200, microseconds(3), Bytes{900}, {}, {}, 0},
                     {"b -> s", 1'000, microseconds(5), Bytes{800}, {}, {}, 0}};
  r.pauses->watchdogs = 2;
  r.pauses->watchdog_drops = 40;
  r.pauses->deadlocks = {{kRunStart + milliseconds(100), {"s -> t", "t -> s"}}};
  const std::string text = summary(r);
  EXPECT_EQ(line_of(text, "pauses"),
            "pauses    1,200   longest in all b -> s: 5.00 us   a switch held at most 800 bytes of "
            "it");
  EXPECT_THAT(text, HasSubstr("ports emptied by the watchdog: 2, 40 packets"));
  EXPECT_THAT(text, HasSubstr("ports that waited for each other at 100.0 ms: s -> t, t -> s"));
}

TEST(Summary, WithoutFaultsSaysNothingOfThem) {
  EXPECT_THAT(summary(sample::run()), Not(HasSubstr("faults")));
}

TEST(Summary, NamesWrongOutputsFailedRequestsAndAnEarlyEnd) {
  RunResults r = sample::run();
  r.outputs.mismatched = 3;
  r.requests[0].failed = true;
  r.failed = 1;
  r.complete = false;
  r.error = "interrupted by INT";
  const std::string text = summary(r);
  EXPECT_THAT(text, HasSubstr("1,200 checked, 3 DIFFER from one unsharded device"));
  EXPECT_THAT(text, HasSubstr("1,199 requests of 1,200, 1 failed"));
  EXPECT_THAT(text, HasSubstr("stopped   interrupted by INT"));
}

TEST(Summary, OfARunWithoutACompletedRequestPrintsNoRates) {
  RunResults r = sample::run();
  r.requests.clear();
  const std::string text = summary(r);
  EXPECT_THAT(text, HasSubstr("latency   no request was completed"));
  EXPECT_EQ(line_of(text, "rate"), "");
  EXPECT_EQ(line_of(text, "where"), "");
}

TEST(Summary, InWallTimeSaysWhatTheDevicesAloneWouldTake) {
  RunResults r = sample::run();
  r.time = "wall";
  r.device.emplace();
  r.device->add(microseconds(21));
  const std::string text = summary(r);
  EXPECT_THAT(line_of(text, "run"), HasSubstr("120.0 ms in real time"));
  EXPECT_THAT(text, HasSubstr("modelled devices alone: mean 21.0"));
}

TEST(Summary, SaysWhenPacketsCouldBeForgedAndWhenTheyLeaveTheHost) {
  RunResults r = sample::run();
  EXPECT_THAT(summary(r), Not(HasSubstr("not authenticated")));
  r.ltl.carrier = "udp";
  r.ltl.listen = "127.0.0.1";
  EXPECT_THAT(summary(r), HasSubstr("packets were not authenticated"));
  r.ltl.auth = "header";
  EXPECT_THAT(summary(r), Not(HasSubstr("not authenticated")));
  EXPECT_THAT(summary(r), Not(HasSubstr("encrypted")));
  r.ltl.auth = "aead";
  r.ltl.listen = "10.1.2.3";
  EXPECT_THAT(summary(r), HasSubstr("sockets on 10.1.2.3, packets encrypted"));
}

TEST(Summary, ColoursOnlyATerminal) {
  const Plan plan = sample::plan();
  SummaryContext context = sample::context(plan);
  EXPECT_THAT(summary_text(sample::run(), context), Not(HasSubstr("\x1b")));
  context.terminal = true;
  EXPECT_THAT(summary_text(sample::run(), context), HasSubstr("\x1b[33m"));
}

TEST(Summary, HostileNamesCannotWriteToTheTerminal) {
  RunResults r = sample::run();
  r.name = "x\x1b]0;owned\x07";
  EXPECT_THAT(summary(r), Not(HasSubstr("\x1b")));
}

TEST(Summary, ManyNodesAreSummedUpInALine) {
  Plan plan = sample::plan();
  plan.placements.clear();
  for (int i = 0; i < 64; ++i)
    plan.placements.push_back(sample::placement("fpga" + std::to_string(i), {"gru"}, 30 + i));
  const std::string text = summary_text(sample::run(), sample::context(plan));
  EXPECT_THAT(text, HasSubstr("gru over fpga0-63"));
  EXPECT_THAT(text, HasSubstr("64 nodes · fullest fpga63 "));
  EXPECT_THAT(text, HasSubstr(" 93 % · emptiest fpga0 "));
}

TEST(FullPercent, SaysHundredOnlyWhenNothingIsLeft) {
  EXPECT_EQ(full_percent({"n", "MatrixRf", 999, 1000}), "99 %");
  EXPECT_EQ(full_percent({"n", "MatrixRf", 1000, 1000}), "100 %");
  EXPECT_EQ(full_percent({"n", "MatrixRf", 0, 0}), "0 %");
}

TEST(Fullness, IsThatOfTheMemoryThatWouldOverflowFirst) {
  Plan plan = sample::plan();
  plan.placements[2].memory[0].used = 60;
  const std::vector<Fullness> all = fullness(plan);
  ASSERT_EQ(all.size(), 3U) << "a host has no memory to be full";
  EXPECT_EQ(all[0].memory, "MatrixRf");
  EXPECT_EQ(all[2].memory, "InitialVrf");
  EXPECT_EQ(full_percent(all[2]), "94 %");
}

TEST(Summary, SaysWhatLimitsTheSlowestStep) {
  Plan plan = sample::plan();
  EXPECT_THAT(summary_text(sample::run(), sample::context(plan)), Not(HasSubstr("limited by")));
  plan.placements[0].step = {33, 523.4, 659.3, nanoseconds(2637), 490, 490, 1, {}, "dependence"};
  plan.placements[1].step = {21,       30.6, 700.2, nanoseconds(2801), 60, 10, 1, nanoseconds(7100),
                             "network"};
  EXPECT_EQ(line_of(summary_text(sample::run(), sample::context(plan)), "step"),
            "step      2.80 us on fpga1 (700 cycles), 7.10 us with exchanges, limited by network; "
            "UDM 21, SDM 31 cycles");
}

TEST(PlacementWords, NamesLayersOfTheSameNodesTogether) {
  Plan plan = sample::plan();
  plan.placements = {sample::placement("fpga0", {"rows 0-63 of gru0", "rows 0-63 of gru1"}, 1),
                     sample::placement("fpga1", {"rows 64-127 of gru0", "rows 64-127 of gru1"}, 1)};
  EXPECT_EQ(placement_words(plan), "rows of gru0, gru1 over fpga0-1");
}

TEST(PlacementWords, CountManyLayersOfANode) {
  Plan plan = sample::plan();
  plan.placements = {sample::placement("fpga0", {"a", "b", "c", "d"}, 1),
                     sample::placement("fpga1", {"e", "f", "g", "h", "i"}, 1)};
  EXPECT_EQ(placement_words(plan), "a, b, c, d on fpga0, e … i (5 in all) on fpga1");
}

TEST(PlacementWords, OfAModelOnHostsAloneNameTheirParts) {
  Plan plan = sample::plan();
  plan.shards.clear();
  plan.placements = {sample::host_placement("host0", {"conv0 to pool0 (7 operators)"}),
                     sample::host_placement("host1", {"fc (1 operator)"})};
  EXPECT_EQ(placement_words(plan),
            "conv0 to pool0 (7 operators) on host0, fc (1 operator) on host1");
  EXPECT_TRUE(fullness(plan).empty());
  EXPECT_STREQ(reference_words(&plan), "the whole model on one CPU");
}

TEST(ClusterWords, CountsDevicesByKind) {
  RunResults r = sample::run();
  r.nodes[1].device = "bw-s5";
  EXPECT_EQ(cluster_words(r.nodes), "2 × bw-pocket + 1 × bw-s5 + 1 host (1 more idle)");
}

}  // namespace
}  // namespace soliton
