// Message mode against packet mode, in completion and mean latency, unless it warns.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/base/rng.h"
#include "tests/sim/message/play.h"

namespace soliton {
namespace {

constexpr double kPromise = 0.03;

bool is_outside(const RunResults& results) {
  return std::ranges::any_of(results.warnings, [](const RunWarning& warning) {
    return warning.id == warning_id::kMessageModeOutside;
  });
}

// Whether message mode kept its promise; true too where it made none.
bool expect_alike(const std::string& yaml) {
  const RunResults messages = play("message", yaml);
  if (messages.traffic) {
    EXPECT_GE(messages.traffic->time, messages.traffic->bound) << yaml;
  }
  if (is_outside(messages)) return false;
  const RunResults packets = play("packet", yaml);
  EXPECT_EQ(messages.requests.size(), packets.requests.size());
  EXPECT_NEAR(completion_us(messages) / completion_us(packets), 1, kPromise) << yaml;
  EXPECT_NEAR(mean_us(messages) / mean_us(packets), 1, kPromise) << yaml;
  return true;
}

template <typename T>
T one_of(const Random& chance, std::uint64_t ordinal, std::initializer_list<T> choices) {
  return choices.begin()[chance.below(ordinal, choices.size())];
}

std::string random_topology(const Random& chance, int nodes) {
  const std::string_view rate =
      one_of<std::string_view>(chance, 1, {"1 Gb/s", "10 Gb/s", "40 Gb/s", "100 Gb/s"});
  const std::string_view kind = one_of<std::string_view>(
      chance, 2, {"rack", "leaf-spine", "fat-tree", "torus", "ring", "full-mesh", "explicit"});
  const std::string_view routing = one_of<std::string_view>(chance, 3, {"ecmp", "fixed"});
  if (kind == "explicit")
    return fmt::format(
        "topology:\n  kind: explicit\n  bandwidth: {}\n  ecn: false\n  switches: [{{name: s0}}, "
        "{{name: s1, store_and_forward: true}}]\n  links: [{{between: [s0, s1], latency: 1 us}}, "
        "{{between: [\"f[0-{}]\", s0], latency: 300 ns}}, {{between: [f{}, s1], latency: 100 "
        "ns}}]\n",
        rate, nodes - 2, nodes - 1);
  std::string more = kind == "rack" ? "" : fmt::format(", routing: {}", routing);
  if (kind == "torus") more += fmt::format(", dims: [2, {}]", nodes / 2);
  return fmt::format("topology: {{kind: {}, bandwidth: {}, ecn: false{}}}\n", kind, rate, more);
}

std::string random_workload(const Random& chance, int nodes) {
  const int bytes = one_of(chance, 4, {1, 64, 1'000, 1'408, 1'409, 5'000, 16'384, 65'536, 300'000});
  const std::string_view kind =
      one_of<std::string_view>(chance, 5, {"ping", "stream", "incast", "all-gather"});
  const int last = nodes - 1;
  if (kind == "all-gather")
    return fmt::format(
        "workload: {{kind: all-gather, nodes: \"f[0-{}]\", schedule: {}, bytes: {} B, count: 4}}\n",
        last, one_of<std::string_view>(chance, 6, {"direct", "ring", "doubling"}), bytes);
  if (kind == "incast")
    return fmt::format(
        "workload: {{kind: incast, from: \"f[0-{}]\", to: f{}, bytes: {} B, count: 40}}\n",
        last - 1, last, bytes);
  return fmt::format("workload: {{kind: {}, from: f0, to: f{}, bytes: {} B, count: 60}}\n", kind,
                     last, bytes);
}

TEST(AgainstPackets, RandomTopologiesAndWorkloadsAreWithinThreePercent) {
  int promised = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    const Random chance(seed, "message mode");
    const int nodes = one_of(chance, 0, {4, 8, 16});
    promised += expect_alike(
        fmt::format("seed: {}\n{}nodes: [{{name: \"f[0-{}]\", device: bw-s10}}]\n{}", seed,
                    random_topology(chance, nodes), nodes - 1, random_workload(chance, nodes)));
  }
  EXPECT_GE(promised, 50) << "a promise that is rarely made is none";
}

std::string random_collective(const Random& chance, int nodes) {
  const int bytes = one_of(chance, 4, {1, 64, 1'408, 1'409, 5'000, 65'536, 300'000});
  const auto [kind, schedule] =
      one_of<std::pair<std::string_view, std::string_view>>(chance, 5,
                                                            {{"permutation", ""},
                                                             {"all-to-all", "direct"},
                                                             {"all-to-all", "pairwise"},
                                                             {"all-reduce", "ring"},
                                                             {"all-reduce", "halving-doubling"},
                                                             {"all-reduce", "tree"},
                                                             {"reduce-scatter", "ring"},
                                                             {"reduce-scatter", "halving-doubling"},
                                                             {"reduce-scatter", "tree"},
                                                             {"broadcast", "ring"},
                                                             {"broadcast", "tree"},
                                                             {"pipeline", ""},
                                                             {"token", ""}});
  return fmt::format("workload: {{kind: {}, {}nodes: \"f[0-{}]\", bytes: {} B, count: {}{}}}\n",
                     kind, kind == "broadcast" ? "from: f1, " : "", nodes - 1, bytes,
                     one_of(chance, 6, {1, 4, 20}),
                     schedule.empty() ? "" : fmt::format(", schedule: {}", schedule));
}

// How far the two are apart, as a share of packet mode's time; nullopt where message mode warns.
std::optional<double> distance(const std::string& yaml) {
  const RunResults messages = play("message", yaml), packets = play("packet", yaml);
  EXPECT_GE(messages.traffic->time, messages.traffic->bound) << yaml;
  EXPECT_GE(packets.traffic->time, packets.traffic->bound) << yaml;
  if (is_outside(messages)) return std::nullopt;
  return std::max(std::abs(completion_us(messages) / completion_us(packets) - 1),
                  std::abs(mean_us(messages) / mean_us(packets) - 1));
}

// Collectives send both ways at once, so acknowledgements wait behind data, and tail probes come; neither
// is played. The line that this prints is quoted in docs/network.md.
TEST(AgainstPackets, MostCollectivesAreWithinThreePercentAndNoneIsFarOff) {
  std::vector<double> distances;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Random chance(seed, "collectives in message mode");
    const int nodes = one_of(chance, 0, {4, 8, 16});
    const std::string yaml =
        fmt::format("seed: {}\n{}nodes: [{{name: \"f[0-{}]\", device: bw-s10}}]\n{}", seed,
                    random_topology(chance, nodes), nodes - 1, random_collective(chance, nodes));
    if (const std::optional<double> its = distance(yaml)) distances.push_back(*its);
  }
  const auto near = std::ranges::count_if(distances, [](double it) { return it <= kPromise; });
  const double farthest = *std::ranges::max_element(distances);
  fmt::print("{} of 200 without a warning; {} of these within 3 %, the farthest {:.0f} %\n",
             distances.size(), near, 100 * farthest);
  EXPECT_GE(distances.size(), 100u) << "a promise that is rarely made is none";
  EXPECT_GE(static_cast<double>(near), 0.85 * static_cast<double>(distances.size()));
  EXPECT_LE(farthest, 0.25);
}

TEST(AgainstPackets, AModelTakesTheSameTime) {
  for (const std::string_view compute : {"functional", "timing"})
    EXPECT_TRUE(expect_alike(fmt::format(
        "topology: rack\nnodes: [{{name: \"fpga[0-3]\", device: bw-pocket}}, {{name: host0, "
        "device: "
        "cpu}}]\nmodel: {{onnx: {}/configs/models/language-gru/tuned-ms-fp9.onnx, precision: "
        "ms-fp9}}\nworkload: {{requests: 20, clients: 2, input: "
        "{}/configs/models/language-gru/tokens.npy}}\ncompute: {}\n",
        SOLITON_SOURCE_DIR, SOLITON_SOURCE_DIR, compute)));
}

// Background traffic is stopped with messages planned: nothing happens when they would have come.
TEST(AgainstPackets, ARunWithBackgroundEndsWhenAllIsDone) {
  const std::string yaml = fmt::format(
      "topology: rack\nnodes: [{{name: \"fpga[0-3]\", device: bw-pocket}}, {{name: host0, device: "
      "cpu}}]\nmodel: {{onnx: {}/configs/models/language-gru/tuned-ms-fp9.onnx, precision: "
      "ms-fp9}}\nworkload: {{requests: 20, input: {}/configs/models/language-gru/tokens.npy}}\n"
      "workloads: [{{kind: background, nodes: \"fpga[0-3]\", busy: 0.01 %, bytes: 100 kB}}]\n",
      SOLITON_SOURCE_DIR, SOLITON_SOURCE_DIR);
  const RunResults messages = play("message", yaml), packets = play("packet", yaml);
  ASSERT_GT(packets.nodes[0].busy_fraction, 0.3);
  EXPECT_NEAR(messages.nodes[0].busy_fraction, packets.nodes[0].busy_fraction, 0.02);
}

TEST(AgainstPackets, LinksCountThePacketsOfPacketMode) {
  const std::string yaml =
      "topology: rack\nnodes: [{name: \"f[0-3]\", device: bw-s10}]\nworkload: {kind: all-gather, "
      "nodes: \"f[0-3]\", schedule: ring, bytes: 64 KiB, count: 5}\n";
  const RunResults messages = play("message", yaml), packets = play("packet", yaml);
  ASSERT_EQ(messages.links->size(), packets.links->size());
  const auto by_name = [](const LinkResult& a, const LinkResult& b) { return a.name < b.name; };
  std::vector<LinkResult> a = *messages.links, b = *packets.links;
  std::ranges::sort(a, by_name);
  std::ranges::sort(b, by_name);
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    // Data is the same; of acknowledgements some go with data in one mode and alone in the other.
    EXPECT_NEAR(static_cast<double>(a[i].packets) / static_cast<double>(b[i].packets), 1, 0.05);
    EXPECT_NEAR(static_cast<double>(a[i].bytes) / static_cast<double>(b[i].bytes), 1, 0.01);
  }
}

}  // namespace
}  // namespace soliton
