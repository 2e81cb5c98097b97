// Each kind of fault on links does what it says, with the statistics that it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/faults/rules.h"

namespace soliton {
namespace {

using What = FaultAction::What;

constexpr Hop kUp{0, 0};
constexpr BitRate kRate{10'000'000'000};

Instant at_ns(std::int64_t ns) { return kRunStart + nanoseconds(ns); }

Crossing packet(std::uint64_t ordinal, Instant start = kRunStart, std::int64_t bytes = 1'000) {
  return {.start = start,
          .end = start + microseconds(1),
          .ordinal = ordinal,
          .rate = kRate,
          .size = {bytes},
          .source = NodeId{0},
          .destination = NodeId{1}};
}

// Which of the first `count` packets are lost, all in order.
std::string losses(const FaultRule& rule, std::size_t count) {
  LinkFaults faults({.seed = 7, .rules = {rule}}, 1);
  std::string out;
  for (std::uint64_t i = 0; i < count; ++i)
    out += faults.judge(kUp, packet(i)).dropped() ? 'x' : '.';
  return out;
}

double share(const std::string& fates) {
  return static_cast<double>(std::ranges::count(fates, 'x')) / static_cast<double>(fates.size());
}

// Mean length of runs of losses.
double mean_burst(const std::string& fates) {
  std::size_t lost = 0, bursts = 0;
  for (std::size_t i = 0; i < fates.size(); ++i) {
    lost += fates[i] == 'x' ? 1 : 0;
    bursts += fates[i] == 'x' && (i == 0 || fates[i - 1] != 'x') ? 1 : 0;
  }
  return static_cast<double>(lost) / static_cast<double>(bursts);
}

constexpr std::size_t kMany = 200'000;

// 0.5 % to become bad, 20 % to become good: 2.44 % of the time bad, 5 packets long, 80 % of them lost.
TEST(LossModels, GilbertElliottHasTheSharesOfItsChain) {
  const std::string fates = losses(rule_of("loss", {{"model.type", "gilbert_elliott"},
                                                    {"model.p", "0.5 %"},
                                                    {"model.r", "20 %"},
                                                    {"model.bad", "80 %"}}),
                                   kMany);
  EXPECT_NEAR(share(fates), 0.005 / 0.205 * 0.8, 0.002);
  const std::string all = losses(
      rule_of("loss",
              {{"model.type", "gilbert_elliott"}, {"model.p", "0.5 %"}, {"model.r", "20 %"}}),
      kMany);
  EXPECT_NEAR(mean_burst(all), 5, 0.5);
}

// Single losses alone are as frequent as the chain says, and never two in a row.
TEST(LossModels, FourStatesWithoutBurstsLoseSingly) {
  const std::string fates = losses(rule_of("loss", {{"model.type", "markov4"},
                                                    {"model.p13", "0 %"},
                                                    {"model.p31", "100 %"},
                                                    {"model.p14", "10 %"}}),
                                   kMany);
  EXPECT_NEAR(share(fates), 0.1 / 1.1, 0.003);
  EXPECT_EQ(mean_burst(fates), 1);
}

TEST(LossModels, FourStatesHaveBurstsOfTheirLength) {
  const std::string fates = losses(
      rule_of("loss", {{"model.type", "markov4"}, {"model.p13", "1 %"}, {"model.p31", "25 %"}}),
      kMany);
  EXPECT_NEAR(mean_burst(fates), 4, 0.2);
  EXPECT_NEAR(share(fates), 0.01 / 0.26, 0.003);
}

TEST(LossModels, CorrelationKeepsTheShareAndMakesBursts) {
  const std::string fates =
      losses(rule_of("loss", {{"model.p", "10 %"}, {"model.correlation", "50 %"}}), kMany);
  EXPECT_NEAR(share(fates), 0.1, 0.005);
  // A burst goes on with 0.5 + 0.5 * 0.1.
  EXPECT_NEAR(mean_burst(fates), 1 / (1 - 0.55), 0.1);
}

TEST(LossModels, AListAndAMaskHitWhatTheySay) {
  FaultRule listed =
      rule_of("loss", {{"model.type", "mask"}, {"model.mask", "3"}, {"model.equals", "1"}});
  EXPECT_EQ(losses(listed, 10), ".x...x...x");
}

TEST(Duplicate, MakesCopiesAtTheirDistances) {
  const FaultRule rule = rule_of("duplicate", {{"p", "5 %"}, {"copies", "2"}, {"lag", "10 ns"}});
  LinkFaults faults({.seed = 7, .rules = {rule}}, 1);
  std::size_t hit = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const FaultVerdict verdict = faults.judge(kUp, packet(i));
    if (verdict.copies.empty()) continue;
    ++hit;
    EXPECT_THAT(verdict.copies, testing::ElementsAre(nanoseconds(10), nanoseconds(20)));
  }
  EXPECT_NEAR(static_cast<double>(hit) / 20'000, 0.05, 0.008);
  EXPECT_EQ(faults.counters()[0].duplicated, 2 * hit);
}

TEST(Replay, ComesAgainAfterItsAge) {
  LinkFaults faults({.seed = 7, .rules = {rule_of("replay", {{"p", "100 %"}, {"age", "2 s"}})}}, 1);
  EXPECT_THAT(faults.judge(kUp, packet(0)).copies, testing::ElementsAre(milliseconds(2'000)));
}

// A full frame of 1,538 bytes at 10 Gb/s: 1,230.4 ns.
TEST(Reorder, HoldsBackByTheTimeOfItsGap) {
  LinkFaults faults({.seed = 7, .rules = {rule_of("reorder", {{"p", "100 %"}, {"gap", "5"}})}}, 1);
  EXPECT_EQ(faults.judge(kUp, packet(0)).extra_delay, picoseconds(5 * 1'230'400));
}

TEST(Corrupt, HitsByShareOrByErrorRateOfBits) {
  for (const auto& [key, text, expected] :
       {std::tuple{"p", "2 %", 0.02}, {"ber", "1e-05", 1 - std::pow(1 - 1e-5, 8'000)}}) {
    LinkFaults faults({.seed = 7, .rules = {rule_of("corrupt", {{key, text}})}}, 1);
    std::size_t hit = 0;
    for (std::uint64_t i = 0; i < 50'000; ++i) hit += faults.judge(kUp, packet(i)).changes.size();
    EXPECT_NEAR(static_cast<double>(hit) / 50'000, expected, 0.005) << key;
    EXPECT_EQ(faults.counters()[0].corrupted, hit);
  }
}

TEST(Mtu, LosesWhatIsLarger) {
  LinkFaults faults({.seed = 7, .rules = {rule_of("mtu", {{"bytes", "1000 B"}})}}, 1);
  EXPECT_FALSE(faults.judge(kUp, packet(0, kRunStart, 1'000)).dropped());
  EXPECT_TRUE(faults.judge(kUp, packet(1, kRunStart, 1'001)).dropped());
}

TEST(Ecn, MarksTheUnmarkedAndStripsTheMarked) {
  Crossing marked = packet(0), plain = marked;
  marked.marked = true;
  LinkFaults marks({.seed = 7, .rules = {rule_of("ecn", {{"p", "100 %"}})}}, 1);
  EXPECT_EQ(marks.judge(kUp, plain).changes.at(0).what, What::kMark);
  EXPECT_TRUE(marks.judge(kUp, marked).changes.empty());
  LinkFaults strips({.seed = 7, .rules = {rule_of("ecn", {{"p", "100 %"}, {"change", "strip"}})}},
                    1);
  EXPECT_EQ(strips.judge(kUp, marked).changes.at(0).what, What::kStrip);
  EXPECT_TRUE(strips.judge(kUp, plain).changes.empty());
}

// 1,000 bytes at 1 Gb/s take 8 us; the bucket lets two of them through at once.
TEST(Rate, CarriesItsRateBehindItsBurst) {
  const FaultRule rule =
      rule_of("rate", {{"rate", "1 Gb/s"}, {"burst", "2000 B"}, {"queue", "3000 B"}});
  LinkFaults faults({.seed = 7, .rules = {rule}}, 1);
  std::vector<std::string> fates;
  for (std::uint64_t i = 0; i < 7; ++i) {
    const FaultVerdict verdict = faults.judge(kUp, packet(i));
    fates.push_back(verdict.dropped() ? "lost" : to_string(verdict.extra_delay));
  }
  EXPECT_THAT(fates,
              testing::ElementsAre("0 ps", "0 ps", "0 ps", "8 us", "16 us", "24 us", "lost"));
  EXPECT_EQ(faults.judge(kUp, packet(7, at_ns(1'000'000))).extra_delay, Duration{});
}

TEST(Rate, KeepsItsPeakWithinABurst) {
  const FaultRule rule =
      rule_of("rate", {{"rate", "1 Gb/s"}, {"burst", "100 kB"}, {"peak", "2 Gb/s"}});
  LinkFaults faults({.seed = 7, .rules = {rule}}, 1);
  EXPECT_EQ(faults.judge(kUp, packet(0)).extra_delay, Duration{});
  EXPECT_EQ(faults.judge(kUp, packet(1)).extra_delay, microseconds(4));
  EXPECT_EQ(faults.judge(kUp, packet(2)).extra_delay, microseconds(8));
}

TEST(Slot, DeliversAtIntervalsAndNoMoreThanFits) {
  const FaultRule rule = rule_of("slot", {{"slot", "10 us"}, {"packets", "2"}});
  LinkFaults faults({.seed = 7, .rules = {rule}}, 1);
  std::vector<Duration> delays;
  for (std::uint64_t i = 0; i < 5; ++i)
    delays.push_back(faults.judge(kUp, packet(i, at_ns(1'000))).extra_delay);
  EXPECT_THAT(delays, testing::ElementsAre(microseconds(10), microseconds(10), microseconds(20),
                                           microseconds(20), microseconds(30)));
}

// 1,000 bytes at 10 Gb/s take 800 ns.
TEST(Clog, HoldsUntilTheEndAndReleasesInOrder) {
  FaultRule rule = rule_of("clog");
  rule.when = {.from = at_ns(100), .until = at_ns(5'000)};
  LinkFaults faults({.seed = 7, .rules = {rule}}, 1);
  EXPECT_EQ(faults.judge(kUp, packet(0, at_ns(0))).extra_delay, Duration{});
  EXPECT_EQ(faults.judge(kUp, packet(1, at_ns(200))).extra_delay, nanoseconds(4'800));
  EXPECT_EQ(faults.judge(kUp, packet(2, at_ns(300))).extra_delay, nanoseconds(5'500));
  EXPECT_EQ(faults.judge(kUp, packet(3, at_ns(6'000))).extra_delay, Duration{});
}

bool reaches(const FaultRule& rule, std::uint32_t from, std::uint32_t to) {
  LinkFaults faults({.seed = 7, .rules = {rule}}, 1);
  Crossing crossing = packet(0);
  crossing.source = NodeId{from};
  crossing.destination = NodeId{to};
  return !faults.judge(kUp, crossing).dropped();
}

std::string who_reaches_whom(const char* shape, NodeSets sets, std::uint32_t nodes) {
  FaultRule rule = rule_of("partition", {{"shape", shape}});
  rule.sets = std::move(sets);
  std::string out;
  for (std::uint32_t from = 0; from < nodes; ++from) {
    for (std::uint32_t to = 0; to < nodes; ++to) out += reaches(rule, from, to) ? '1' : '0';
    out += ' ';
  }
  return out;
}

TEST(Partition, HasTheShapesOfItsName) {
  EXPECT_EQ(who_reaches_whom("sets", {{0, 1}, {2}}, 4), "1101 1101 0011 1111 ");
  EXPECT_EQ(who_reaches_whom("one-way", {{0, 1}, {2}}, 4), "1101 1101 1111 1111 ");
  EXPECT_EQ(who_reaches_whom("bridge", {{0}, {1}, {2}}, 3), "101 011 111 ");
  // Of five in a ring each reaches the one beside it on either side.
  EXPECT_EQ(who_reaches_whom("ring", {{0, 1, 2, 3, 4}}, 5), "11001 11100 01110 00111 10011 ");
}

TEST(Misroute, GoesNeitherBackNorToWhomItIsForNorOverTheLastLink) {
  FaultRule rule = rule_of("misroute", {{"p", "100 %"}});
  rule.sets = {{0, 1, 2, 3}};
  LinkFaults faults({.seed = 7, .rules = {rule}}, 1);
  std::set<std::uint32_t> seen;
  for (std::uint64_t i = 0; i < 100; ++i)
    seen.insert(faults.judge(kUp, packet(i)).changes.at(0).count);
  EXPECT_EQ(seen, (std::set<std::uint32_t>{2, 3}));
  Crossing last = packet(100);
  last.at_end = true;
  EXPECT_TRUE(faults.judge(kUp, last).changes.empty());
}

TEST(Match, PicksPacketsByClassSizeAndFlow) {
  FaultRule grey = rule_of("loss", {{"model.p", "100 %"}});
  grey.match.its_class = PacketClass::kData;
  LinkFaults faults({.seed = 7, .rules = {grey}}, 1);
  Crossing ack = packet(0);
  ack.kind = PacketKind::kAck;
  EXPECT_TRUE(faults.judge(kUp, packet(0)).dropped());
  EXPECT_FALSE(faults.judge(kUp, ack).dropped());
  const PacketMatch sized{.least = {100}, .most = {200}, .from = {0, 5}, .to = {}};
  EXPECT_TRUE(sized.matches(packet(0, kRunStart, 100)));
  EXPECT_FALSE(sized.matches(packet(0, kRunStart, 99)));
  EXPECT_FALSE(sized.matches(packet(0, kRunStart, 201)));
  Crossing other = packet(0, kRunStart, 150);
  other.source = NodeId{1};
  EXPECT_FALSE(sized.matches(other));
}

TEST(Trigger, BeginsWithThePacketOfItsNumberOnEachLink) {
  FaultRule rule = rule_of("loss", {{"model.p", "100 %"}});
  rule.links = {0, 1};
  rule.when = {.length = microseconds(2), .trigger = FaultTrigger::kPacket, .count = 3};
  LinkFaults faults({.seed = 7, .rules = {rule}}, 2);
  std::string fates;
  for (std::uint64_t i = 0; i < 7; ++i)
    fates += faults.judge(kUp, packet(i, kRunStart + microseconds(static_cast<int>(i)))).dropped()
                 ? 'x'
                 : '.';
  EXPECT_EQ(fates, "..xx...");
  EXPECT_FALSE(faults.judge({1, 0}, packet(0, kRunStart + microseconds(3))).dropped());
}

// Whatever the rules did, fed back as events they do it again, decision by decision.
TEST(Events, DoAgainWhatWasRecorded) {
  const FaultRule rules[] = {
      rule_of("loss", {{"model.p", "10 %"}}, "lost"),
      rule_of("corrupt", {{"p", "10 %"}, {"bits", "2"}}, "damaged"),
      rule_of("duplicate", {{"p", "10 %"}, {"lag", "5 ns"}}, "copied"),
      rule_of("delay", {{"delay", "1 us"}, {"jitter", "1 us"}}, "late"),
  };
  LinkFaults first({.seed = 7, .rules = {std::begin(rules), std::end(rules)}}, 1);
  first.record_firings();
  std::vector<FaultVerdict> verdicts;
  for (std::uint64_t i = 0; i < 2'000; ++i) verdicts.push_back(first.judge(kUp, packet(i)));
  FaultPlan again{.seed = 99};
  const std::vector<FaultFiring> firings = first.take_firings();
  for (std::uint32_t r = 0; r < std::size(rules); ++r) {
    FaultRule rule{.id = rules[r].id, .kind = find_fault_kind("events"), .links = {0}};
    for (const FaultFiring& firing : firings)
      if (firing.rule == r) rule.events.push_back(firing);
    again.rules.push_back(std::move(rule));
  }
  LinkFaults second(again, 1);
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    const FaultVerdict verdict = second.judge(kUp, packet(i));
    EXPECT_EQ(verdict.dropped(), verdicts[i].dropped());
    EXPECT_EQ(verdict.extra_delay, verdicts[i].extra_delay);
    EXPECT_EQ(verdict.copies, verdicts[i].copies);
    EXPECT_EQ(verdict.changes, verdicts[i].changes);
  }
  EXPECT_GT(firings.size(), 2'000u);
}

// Chi-square over packets: losses of a rule spread evenly over residues of the packet's number.
TEST(Chance, IsSpreadEvenly) {
  constexpr std::size_t kBins = 64;
  LinkFaults faults({.seed = 11, .rules = {rule_of("loss", {{"model.p", "5 %"}})}}, 1);
  std::vector<double> bins(kBins);
  constexpr std::uint64_t kPackets = 1'000'000;
  double lost = 0;
  for (std::uint64_t i = 0; i < kPackets; ++i)
    if (faults.judge(kUp, packet(i)).dropped()) ++bins[i % kBins], ++lost;
  const double expected = lost / kBins;
  double chi = 0;
  for (const double bin : bins) chi += (bin - expected) * (bin - expected) / expected;
  EXPECT_LT(chi, 103.4);  // p = 0.001 with 63 degrees of freedom
  EXPECT_NEAR(lost / static_cast<double>(kPackets), 0.05, 0.001);
}

}  // namespace
}  // namespace soliton
