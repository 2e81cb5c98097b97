// What is compared with ns-3's network, worked out by hand.
#include "cluster/bench/fabric_agreement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "cluster/bench/fabric_contestants.h"

namespace soliton {
namespace {

constexpr std::int64_t kLinePs = 1506 * 8 * 25;  // of a packet at 40 Gb/s

const AgreementCase& find(const std::vector<AgreementCase>& cases, const std::string& name) {
  return *std::ranges::find_if(cases,
                               [&](const AgreementCase& it) { return it.name.starts_with(name); });
}

// The first packet crosses two cables whole; behind it the line to the receiver never runs dry.
TEST(FabricAgreement, AnIncastTakesItsLineTime) {
  const auto cases = agreement_cases();
  const FlowsPlayed played = play_flows(find(cases, "incast"));
  EXPECT_EQ(played.completion, picoseconds(2 * 500'000 + (16 * 100 + 1) * kLinePs));
  // When the last of the senders' packets have come, one in 16 has left.
  EXPECT_NEAR(static_cast<double>(played.queue_max.count), 1506.0 * (1600 - 100), 2 * 1506);
}

TEST(FabricAgreement, ATrunkIsSharedByAllPairs) {
  const auto cases = agreement_cases();
  const FlowsPlayed played = play_flows(find(cases, "8 pairs"));
  EXPECT_EQ(played.completion, picoseconds(3 * 500'000 + (8 * 200 + 2) * kLinePs));
}

// Lines of the text that begin with a word.
std::size_t lines(const std::string& text, const std::string& word) {
  std::istringstream in(text);
  std::size_t out = 0;
  for (std::string line; std::getline(in, line);) out += line.starts_with(word + " ") ? 1 : 0;
  return out;
}

TEST(FabricAgreement, RoutesOfOurWaysAreSaidOnceForASwitchAndADestination) {
  for (const AgreementCase& it : agreement_cases()) {
    SCOPED_TRACE(it.name);
    const Routes routes(it.topology);
    const std::string text = flows_text(it, routes);
    EXPECT_EQ(lines(text, "vertices"), 1u);
    EXPECT_EQ(lines(text, "link"), it.topology.links.size());
    EXPECT_EQ(lines(text, "flow"), it.flows.size());
    EXPECT_EQ(lines(text, "route") == 0, routes.sprays());
    // A destination's ways part nowhere: what the text says leads each flow along our path.
    for (const PacketFlow& flow : it.flows) {
      if (routes.sprays()) continue;
      routes.follow(flow.source, flow.destination, [&](Hop hop) {
        std::ostringstream line;
        line << "route " << it.topology.links[hop.link].ends[hop.direction] << ' '
             << index(flow.destination) << ' ' << hop.link << '\n';
        EXPECT_NE(text.find(line.str()), std::string::npos) << line.str();
      });
    }
  }
}

TEST(FabricContestants, AChildsNumbersComeBack) {
  const auto numbers = in_child([] { return std::vector<double>{1.5, 1e300, -0.125}; });
  ASSERT_TRUE(numbers);
  EXPECT_THAT(*numbers, testing::ElementsAre(1.5, 1e300, -0.125));
  EXPECT_FALSE(in_child([]() -> std::vector<double> { std::abort(); }));
  EXPECT_FALSE(in_child([] { return std::vector<double>{}; })) << "nothing was measured";
}

TEST(FabricContestants, APeerThatIsNotThereOrFailsHasNoNumbers) {
  EXPECT_FALSE(run_peer("/nonexistent/peer", {}));
  EXPECT_FALSE(run_peer("/bin/false", {}));
  const auto echoed = run_peer("/bin/cat", {}, "3 4.5\n");
  ASSERT_TRUE(echoed);
  EXPECT_THAT(*echoed, testing::ElementsAre(3, 4.5));
}

TEST(FabricContestants, AMedianIsTheMiddle) {
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
}

}  // namespace
}  // namespace soliton
