// Bounds of workloads against what is measured: no run is faster, on any network, and where nothing
// is in the way a run is as fast as its bound or within a stated distance of it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cluster/run/network_times.h"
#include "protocol/base/rng.h"
#include "tests/sim/workloads/play.h"

namespace soliton {
namespace {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : chance_(seed, "bounds") {}
  std::uint64_t below(std::uint64_t most) { return chance_.below(ordinal_++, most); }
  template <typename T>
  const T& one_of(const std::vector<T>& values) {
    return values[below(values.size())];
  }

 private:
  Random chance_;
  std::uint64_t ordinal_ = 0;
};

// A tree of switches with a few cables more; latencies and rates of all sizes.
std::string random_network(Dice& dice) {
  const std::uint64_t switches = 1 + dice.below(4);
  int number = 0;
  const auto cable = [&](const std::string& a, const std::string& b) {
    return fmt::format(
        "{{between: [{}, {}], name: c{}, latency: {}, bandwidth: {}}}", a, b, number++,
        dice.one_of<std::string>({"0 s", "10 ns", "200 ns", "1 us", "30 us"}),
        dice.one_of<std::string>({"100 Mb/s", "1 Gb/s", "10 Gb/s", "40 Gb/s", "400 Gb/s"}));
  };
  std::string names, links;
  for (std::uint64_t s = 0; s < switches; ++s) {
    names += fmt::format("{}{{name: s{}, forwarding: {}, store_and_forward: {}}}",
                         s == 0 ? "" : ", ", s, dice.one_of<std::string>({"0 s", "500 ns", "3 us"}),
                         dice.one_of<std::string>({"true", "false"}));
    if (s > 0) links += cable(fmt::format("s{}", s), fmt::format("s{}", dice.below(s))) + ", ";
  }
  for (std::uint64_t more = dice.below(3); more > 0 && switches > 1; --more) {
    const std::uint64_t a = 1 + dice.below(switches - 1);
    links += cable(fmt::format("s{}", a), fmt::format("s{}", dice.below(a))) + ", ";
  }
  for (int f = 0; f < 8; ++f)
    links += cable(fmt::format("f{}", f), fmt::format("s{}", dice.below(switches))) +
             (f < 7 ? ", " : "");
  return fmt::format("{{kind: explicit, routing: {}, switches: [{}], links: [{}]}}",
                     dice.one_of<std::string>({"ecmp", "fixed"}), names, links);
}

class Bounds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Bounds, NoRunIsFasterThanItsBound) {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Dice dice(GetParam() * 100 + seed);
    const std::string network = random_network(dice);
    const std::uint64_t bytes =
        dice.one_of<std::uint64_t>({1, 7, 8, 60, 64, 65, 1'000, 1'408, 1'409, 9'999, 40'000});
    const std::string workload =
        dice.one_of(workloads_of_eight(bytes, 1 + static_cast<int>(dice.below(4))));
    SCOPED_TRACE(fmt::format("seed {}: {} {}", seed, network, workload));
    const std::string packing = dice.below(3) == 0 ? "ltl: {packing: 600 B}\n" : "";
    const RunResults results = play_workload(cluster_of(network, workload) + packing);
    ASSERT_TRUE(results.traffic && results.traffic->bound);
    EXPECT_GT(*results.traffic->bound, Duration{0});
    EXPECT_GE(results.traffic->time, *results.traffic->bound);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Bounds, testing::Range<std::uint64_t>(0, 12));

// One switch, equal cables: how much longer a workload takes than its bound says, in percent.
struct Analytic {
  const char* workload;
  double most_percent;
};
class OneSwitch : public testing::TestWithParam<Analytic> {};

TEST_P(OneSwitch, IsAsFastAsItsBoundOrNearIt) {
  const RunResults results = play_workload(cluster_of(
      "{kind: explicit, switches: [{name: s, forwarding: 500 ns}], links: [{between: [\"f[0-7]\", "
      "s], latency: 200 ns, bandwidth: 40 Gb/s}]}",
      GetParam().workload));
  ASSERT_TRUE(results.traffic && results.traffic->bound);
  const Duration time = results.traffic->time, bound = *results.traffic->bound;
  EXPECT_GE(time, bound);
  EXPECT_LE(in_us(time), in_us(bound) * (1 + GetParam().most_percent / 100))
      << GetParam().workload << " bound " << in_us(bound);
}

INSTANTIATE_TEST_SUITE_P(
    Workloads, OneSwitch,
    testing::Values(
        // To the picosecond where no acknowledgement is in the way of an answer.
        Analytic{"{kind: ping, from: f0, to: f1, bytes: 1408, count: 1}", 1},
        Analytic{"{kind: stream, from: f0, to: f1, bytes: 1000, count: 1}", 0},
        Analytic{"{kind: pipeline, nodes: \"f[0-7]\", bytes: 1000, count: 1}", 2},
        Analytic{"{kind: all-gather, nodes: \"f[0-1]\", bytes: 64, count: 1}", 0},
        Analytic{"{kind: permutation, nodes: \"f[0-7]\", bytes: 1408, count: 1}", 0},
        Analytic{"{kind: broadcast, from: f0, nodes: \"f[0-7]\", bytes: 512, count: 1}", 15},
        // Acknowledgements share the lines of what goes the other way.
        Analytic{"{kind: token, nodes: \"f[0-7]\", bytes: 64, count: 20}", 1},
        Analytic{"{kind: all-gather, nodes: \"f[0-7]\", bytes: 16384, count: 1, schedule: ring}",
                 10},
        Analytic{"{kind: all-gather, nodes: \"f[0-7]\", bytes: 1024, count: 1, schedule: doubling}",
                 10},
        Analytic{"{kind: all-reduce, nodes: \"f[0-7]\", bytes: 65536, count: 1, schedule: ring}",
                 10},
        Analytic{"{kind: all-reduce, nodes: \"f[0-7]\", bytes: 65536, count: 1, schedule: "
                 "halving-doubling}",
                 10},
        Analytic{"{kind: all-reduce, nodes: \"f[0-7]\", bytes: 1024, count: 1, schedule: tree}",
                 25},
        Analytic{
            "{kind: reduce-scatter, nodes: \"f[0-7]\", bytes: 65536, count: 1, schedule: ring}",
            10},
        Analytic{"{kind: reduce-scatter, nodes: \"f[0-7]\", bytes: 65536, count: 1, schedule: "
                 "halving-doubling}",
                 10},
        Analytic{"{kind: all-to-all, nodes: \"f[0-7]\", bytes: 1024, count: 1, schedule: pairwise}",
                 10}));

// Three switches in a triangle: the direct cable is slow, the detour is not.
Topology triangle() {
  Topology out;
  out.nodes = 3;
  for (const char* name : {"a", "b", "c"}) out.vertices.push_back({.name = name});
  for (const char* name : {"s", "t", "u"})
    out.vertices.push_back({.name = name, .is_switch = true, .forwarding = nanoseconds(100)});
  const auto cable = [&](std::uint32_t from, std::uint32_t to, Duration latency) {
    out.links.push_back({.ends = {from, to}, .latency = latency, .rate = {8'000'000'000}});
  };
  for (std::uint32_t node = 0; node < 3; ++node) cable(node, node + 3, nanoseconds(200));
  cable(3, 4, microseconds(10));
  cable(3, 5, microseconds(1));
  cable(5, 4, microseconds(1));
  cable(0, 3, nanoseconds(900));  // a second cable of the first node
  return out;
}

TEST(NetworkTimes, AlphaIsThatOfTheShortestPathAndBetaThatOfTheCables) {
  const Topology topology = triangle();
  const LineBytes lines{1'000, 98, false};
  const NodeId a{0}, b{1}, c{2};
  const NetworkTimes times(topology, lines, {a, b, c}, false);
  EXPECT_EQ(*times.alpha(a, c), nanoseconds(200 + 100 + 1'000 + 100 + 200));
  EXPECT_EQ(*times.alpha(a, b), nanoseconds(200 + 100 + 1'000 + 100 + 1'000 + 100 + 200));
  EXPECT_EQ(times.least_alpha(), nanoseconds(1'600));
  // Two packets: 1,200 + 196 bytes at 1 ns each.
  EXPECT_EQ(times.message(a, c, 1'200), nanoseconds(1'600 + 1'396));
  EXPECT_EQ(times.stream(a, c, 3, 1'200), nanoseconds(1'600 + 3 * 1'396));
  EXPECT_EQ(times.through(b, 2, 1'000), nanoseconds(1'600 + 2 * 1'098));
  EXPECT_EQ(times.through(a, 2, 1'000), nanoseconds(1'600 + 1'098)) << "two cables";
  EXPECT_EQ(times.message(a, c, 0), Duration{0});
  const NetworkTimes ways(topology, {1'000, 98, true}, {a, b}, true);
  EXPECT_EQ(ways.least_alpha(), nanoseconds(2'700));
  EXPECT_EQ(ways.stream(a, b, 10, 100), nanoseconds(2'700 + 1'098)) << "in one packet";
}

TEST(NetworkTimes, TheLeastAlphaIsThatOfAllPairs) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Dice dice(seed);
    Topology topology;
    topology.nodes = 5;
    const auto vertices = static_cast<std::uint32_t>(6 + dice.below(6));
    for (std::uint32_t v = 0; v < vertices; ++v)
      topology.vertices.push_back({.name = fmt::format("v{}", v),
                                   .is_switch = v >= 5,
                                   .forwarding = nanoseconds(static_cast<int>(dice.below(300)))});
    for (std::uint64_t links = vertices + dice.below(10); links > 0; --links) {
      const auto a = static_cast<std::uint32_t>(dice.below(vertices));
      const auto b = static_cast<std::uint32_t>(dice.below(vertices));
      if (a != b)
        topology.links.push_back(
            {.ends = {a, b}, .latency = nanoseconds(static_cast<int>(dice.below(1'000)))});
    }
    const std::vector<NodeId> nodes = {NodeId{0}, NodeId{1}, NodeId{2}, NodeId{3}, NodeId{4}};
    const NetworkTimes times(topology, {}, nodes, false);
    Duration least = kLongestTime;
    for (const NodeId from : nodes)
      for (const NodeId to : nodes)
        if (from != to) least = std::min(least, times.alpha(from, to).value_or(kLongestTime));
    EXPECT_EQ(times.least_alpha(), least == kLongestTime ? Duration{0} : least) << "seed " << seed;
  }
}

}  // namespace
}  // namespace soliton
