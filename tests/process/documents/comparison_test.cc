// The checker of the documents, checked: mistakes of every kind are planted and must be found.
#include "tests/process/documents/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::SizeIs;

using Lines = std::vector<std::string>;

const Lines kPrinted = {"run       12 requests · 3 ms emulated in 0.9 s · 5 processes",
                        "latency   mean 31.9 us", "", "rate      17,300 requests/s",
                        "outputs   12 checked"};

Lines differences(const Lines& shown, const Lines& printed = kPrinted, bool wall = false) {
  return compare(shown, printed, wall).differences;
}

Lines without(std::size_t line) {
  Lines lines = kPrinted;
  lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(line));
  return lines;
}

TEST(DocumentsComparison, WhatIsShownAsItComesIsRight) {
  EXPECT_THAT(differences(kPrinted), IsEmpty());
  EXPECT_THAT(differences({}, {}), IsEmpty());
}

TEST(DocumentsComparison, ALineTooManyIsNoticedWhereverItStands) {
  for (std::size_t i = 0; i < kPrinted.size(); ++i)
    EXPECT_THAT(differences(kPrinted, without(i)), ElementsAre("- " + kPrinted[i])) << i;
}

TEST(DocumentsComparison, ALineLeftOutIsNoticedWhereverItStands) {
  for (std::size_t i = 0; i < kPrinted.size(); ++i)
    EXPECT_THAT(differences(without(i)), ElementsAre("+ " + kPrinted[i])) << i;
  EXPECT_THAT(differences({}), SizeIs(kPrinted.size()));
}

TEST(DocumentsComparison, ALineShownTwiceIsNoticed) {
  Lines shown = kPrinted;
  shown.insert(shown.begin() + 1, shown[1]);
  EXPECT_THAT(differences(shown), ElementsAre("- " + kPrinted[1]));
}

TEST(DocumentsComparison, SwappedLinesAreNoticed) {
  for (std::size_t i = 1; i < kPrinted.size(); ++i) {
    Lines shown = kPrinted;
    std::swap(shown[i - 1], shown[i]);
    EXPECT_THAT(differences(shown), SizeIs(testing::Ge(2u))) << i;
  }
}

TEST(DocumentsComparison, AWrongDigitAnywhereIsNoticed) {
  for (std::size_t i = 0; i < kPrinted.size(); ++i)
    for (std::size_t at = 0; at < kPrinted[i].size(); ++at) {
      if (!std::isdigit(static_cast<unsigned char>(kPrinted[i][at]))) continue;
      Lines shown = kPrinted;
      shown[i][at] = shown[i][at] == '9' ? '8' : '9';
      const bool took = kPrinted[i].find("0.9 s") != std::string::npos &&
                        at >= kPrinted[i].find("0.9 s") && at < kPrinted[i].find(" s · 5");
      Lines expected;  // nothing for what the emulator itself took
      if (!took) expected = {"- " + shown[i], "+ " + kPrinted[i]};
      EXPECT_EQ(differences(shown), expected);
    }
}

TEST(DocumentsComparison, AMarkCoversOneOrMoreLines) {
  EXPECT_THAT(differences({"…"}), IsEmpty());
  EXPECT_THAT(differences({kPrinted[0], "…", kPrinted[4]}), IsEmpty());
  EXPECT_THAT(differences({"…", kPrinted[3], "…"}), IsEmpty());
  EXPECT_THAT(differences({"…", kPrinted[4]}, {kPrinted[4]}),
              ElementsAre("- …   (leaves out nothing)"));
  EXPECT_THAT(differences({"…", kPrinted[3]}), ElementsAre("+ " + kPrinted[4]));
}

TEST(DocumentsComparison, MistakesBesideAMarkAreNoticed) {
  EXPECT_THAT(differences({"…", "rate      17,301 requests/s", "outputs   12 checked"}),
              ElementsAre("- rate      17,301 requests/s", "+ " + kPrinted[3]));
  EXPECT_THAT(differences({"…", kPrinted[4], kPrinted[3]}), Not(IsEmpty()));
  EXPECT_THAT(differences({kPrinted[0], "…", "never printed"}), Not(IsEmpty()));
}

TEST(DocumentsComparison, AMarkStandsAlone) {
  EXPECT_THAT(differences({"latency   …"}, {"latency   mean 31.9 us"}), SizeIs(2u));
}

TEST(DocumentsComparison, ARepairShowsWhatIsPrintedAndKeepsTheMarks) {
  const Comparison comparison =
      compare({"run       12 requests · 3 ms emulated in 1.7 s · 5 processes", "…",
               "rate      1 requests/s", "gone      for ever"},
              kPrinted, false);
  EXPECT_THAT(comparison.repaired,
              ElementsAre("run       12 requests · 3 ms emulated in 1.7 s · 5 processes", "…",
                          kPrinted[3], kPrinted[4]));
  EXPECT_THAT(compare(comparison.repaired, kPrinted, false).differences, IsEmpty());
  EXPECT_THAT(compare({}, kPrinted, false).repaired, ElementsAreArray(kPrinted));
}

TEST(DocumentsComparison, AMarkSwallowsNothingThatIsShown) {
  const Comparison comparison =
      compare({"run       7 requests", "…", "rate      17,300 requests/s"}, kPrinted, false);
  EXPECT_THAT(comparison.repaired, ElementsAre(kPrinted[0], "…", kPrinted[3], kPrinted[4]));
}

TEST(DocumentsComparison, TheStampOfARunFolderMayVary) {
  EXPECT_EQ(comparable("wrote     runs/quickstart-20261122-071200/   open", false),
            comparable("wrote     runs/quickstart-20261123-235959-2/   open", false));
  EXPECT_NE(comparable("wrote     runs/quickstart-20261122-071200/", false),
            comparable("wrote     runs/other-20261122-071200/", false));
  EXPECT_NE(comparable("wrote     runs/quickstart-20261122-071200/", false),
            comparable("wrote     runs/quickstart/", false));
}

// A line in wall time, the same with other measurements, and with what may not vary.
struct WallLine {
  const char* shown;
  const char* measured_again;
  std::vector<const char*> wrong;
};

TEST(DocumentsComparison, InWallTimeOnlyWhatIsMeasuredMayVary) {
  const std::vector<WallLine> lines = {
      {"run       100 requests · 227.8 ms in real time · 5 processes · 19,597 packets",
       "run       100 requests · 1,027 us in real time · 5 processes · 7 packets",
       {"run       101 requests · 227.8 ms in real time · 5 processes · 19,597 packets",
        "run       100 requests · 227.8 ms in real time · 6 processes · 19,597 packets"}},
      {"latency   min 1,509   p99.9 22,303   max 22,303 us      predicted 57.7 us   bound 57.7 us",
       "latency   min 9.1   p99.9 23   max 528.2 ms    predicted 0.06 ms   bound 0.06 ms",
       {"latency   min 1,509   p99 22,303   max 22,303 us    predicted 57.7 us   bound 57.7 us",
        "latency   min 1,509   p99.9 22,303   max 22,303 us    predicted 57.7 us"}},
      {"where     compute 0.00 us 0 %   network 2,061 us 100 %",
       "where     compute 1.20 ms 1 %   network 61 ms 99 %",
       {"where     compute 0.00 us 0 %   queue 2,061 us 100 %"}},
      {"rate      485 requests/s (1 client)   0.00287 TFLOPS of 4 × 1.02, 0.1 % used: devices busy "
       "1.7 % of the time",
       "rate      1,485 requests/s (1 client)   2 TFLOPS of 4 × 1.02, 10 % used: devices busy 51 % "
       "of the time",
       {"rate      485 requests/s (2 client)   0.00287 TFLOPS of 4 × 1.02, 0.1 % used: devices "
        "busy 1.7 % of the time",
        "rate      485 requests/s (1 client)   0.00287 TFLOPS of 4 × 1.03, 0.1 % used: devices "
        "busy 1.7 % of the time"}},
      {"faults    0 packets dropped, 4 retransmitted, 0 timeouts",
       "faults    1 packets dropped, 14 retransmitted, 2 timeouts",
       {"faults    0 packets damaged, 4 retransmitted, 0 timeouts"}},
      {"outputs   100 checked · accuracy 89.0 % (fp32 91.0 %) · largest error 3.3",
       "outputs   100 checked · accuracy 89.0 % (fp32 91.0 %) · largest error 3.3",
       {"outputs   100 checked · accuracy 88.0 % (fp32 91.0 %) · largest error 3.3"}}};
  for (const WallLine& line : lines) {
    EXPECT_THAT(differences({line.shown}, {line.measured_again}, true), IsEmpty());
    for (const char* wrong : line.wrong)
      EXPECT_THAT(differences({line.shown}, {wrong}, true), SizeIs(2u));
    const bool same = std::string(line.shown) == line.measured_again;
    EXPECT_THAT(differences({line.shown}, {line.measured_again}, false), SizeIs(same ? 0u : 2u));
  }
  EXPECT_TRUE(in_wall_time("soliton run a.yaml --time wall"));
  EXPECT_FALSE(in_wall_time("soliton run walls.yaml --time virtual"));
}

}  // namespace
}  // namespace soliton
