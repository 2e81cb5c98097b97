// Two rules that each let every second packet pass dropped all of them, as each counted its own
// losses only: what is lost in a row is a matter of the link, not of the rule.
#include <gtest/gtest.h>

#include "fabric/faults/link_faults.h"

namespace soliton {
namespace {

FaultRule loss(const std::string& id, std::int64_t percent, std::uint32_t max_burst) {
  return {.id = id,
          .links = {0},
          .options = loss_settings({.p = {percent * 10'000'000}, .max_burst = max_burst})};
}

std::uint32_t longest_run(const std::vector<FaultRule>& rules, std::uint8_t direction) {
  LinkFaults faults({.seed = 7, .rules = rules}, 1);
  std::uint32_t run = 0, longest = 0;
  for (std::uint64_t packet = 0; packet < 5'000; ++packet) {
    const Instant at = kRunStart + microseconds(static_cast<std::int64_t>(packet));
    run = faults.judge({0, direction}, {at, at, packet}).dropped() ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

TEST(MaxBurst, TwoRulesWithABurstOfOneNeverTakeTwoInARow) {
  FaultRule late = loss("b", 100, 1);
  late.when.from = kRunStart + microseconds(11);
  for (const std::uint8_t direction : {0, 1}) {
    EXPECT_EQ(longest_run({loss("a", 100, 1), loss("b", 100, 1)}, direction), 1u);
    EXPECT_EQ(longest_run({loss("a", 100, 1), late}, direction), 1u);
  }
}

TEST(MaxBurst, ManyRulesTogetherStayWithinTheLargestOfThem) {
  for (std::int64_t percent = 10; percent <= 100; percent += 30)
    EXPECT_LE(longest_run({loss("a", percent, 2), loss("b", percent, 3), loss("c", percent, 1),
                           loss("d", 100, 4)},
                          0),
              4u);
}

// A link that is down drops whatever was lost before it; afterwards the run of losses goes on.
TEST(MaxBurst, ALinkThatIsDownAddsToTheRun) {
  const FaultRule cut{
      .id = "cut",
      .kind = &kLinkDownFault,
      .links = {0},
      .when = {.from = kRunStart + microseconds(10), .until = kRunStart + microseconds(20)}};
  EXPECT_LE(longest_run({cut, loss("a", 100, 3)}, 0), 13u);
  LinkFaults faults({.seed = 7, .rules = {cut, loss("a", 100, 3)}}, 1);
  for (std::uint64_t packet = 10; packet < 20; ++packet) {
    const Instant at = kRunStart + microseconds(static_cast<std::int64_t>(packet));
    EXPECT_TRUE(faults.judge({0, 0}, {at, at, packet}).dropped());
  }
  const Instant after = kRunStart + microseconds(20);
  EXPECT_FALSE(faults.judge({0, 0}, {after, after, 20}).dropped());
}

TEST(MaxBurst, DirectionsAndLinksCountForThemselves) {
  LinkFaults faults({.seed = 7, .rules = {loss("a", 100, 1)}}, 1);
  EXPECT_TRUE(faults.judge({0, 0}, {}).dropped());
  EXPECT_TRUE(faults.judge({0, 1}, {}).dropped());
  EXPECT_FALSE(faults.judge({0, 0}, {}).dropped());
}

}  // namespace
}  // namespace soliton
