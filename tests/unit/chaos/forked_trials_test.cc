// Trials in processes of their own: results, refusals, crashes and hangs come back as what they are.
#include "cluster/chaos/forked_trials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protocol/base/check.h"

namespace soliton {
namespace {

Result<ChaosTrial> alone(const std::function<Result<ChaosTrial>()>& trial) {
  return play_forked(trial, std::chrono::seconds(1));
}

TEST(ForkedTrials, BringBackWhatWasFound) {
  const ChaosTrial made{.violations = {{"outputs", "3 of 4 \"are\" wrong"}},
                        .packets = 5,
                        .fired = 6,
                        .by_kind = {{"loss", 6}},
                        .end = microseconds(7),
                        .checked = 9,
                        .sha256 = "12ab",
                        .allowed = microseconds(8),
                        .events_head = "rule,link\n",
                        .events = {"a,b\n", "c,d\n"}};
  const Result<ChaosTrial> found = alone([&] { return made; });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->json(), made.json());
  EXPECT_EQ(found->violations, made.violations);
  EXPECT_EQ(found->events, made.events);
  EXPECT_EQ(found->end, made.end);
}

TEST(ForkedTrials, SayWhatWasRefused) {
  const Result<ChaosTrial> found =
      alone([]() -> Result<ChaosTrial> { return invalid("no such link"); });
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message, "no such link");
}

TEST(ForkedTrials, FindCrashesAndSayWhatWasSaidBefore) {
  const Result<ChaosTrial> killed = alone([]() -> Result<ChaosTrial> {
    std::raise(SIGKILL);
    return ChaosTrial{};
  });
  ASSERT_TRUE(killed);
  EXPECT_EQ(killed->violations.at(0), (ChaosViolation{"crash", "signal Killed"}));
  const Result<ChaosTrial> silent = alone([]() -> Result<ChaosTrial> { _exit(7); });
  EXPECT_EQ(silent->violations.at(0).what, "status 7");
  const Result<ChaosTrial> checked = alone([]() -> Result<ChaosTrial> {
    SOLITON_CHECK_MSG(false, "twice {}", 2);
    return ChaosTrial{};
  });
  EXPECT_THAT(checked->violations.at(0).what,
              testing::AllOf(testing::StartsWith("status 70: "), testing::EndsWith("twice 2")));
}

TEST(ForkedTrials, FindHangs) {
  const Result<ChaosTrial> hang = alone([]() -> Result<ChaosTrial> {
    for (;;) pause();
  });
  ASSERT_TRUE(hang);
  EXPECT_EQ(hang->violations.at(0).invariant, "hang");
}

// One of several trials of a process crashes: those in front of it and behind it are played all the same.
TEST(ForkedTrials, GoOnBehindACrash) {
  ForkedTrials trials(1, std::chrono::seconds(10), [](std::uint64_t number) -> Result<ChaosTrial> {
    if (number == 5) std::raise(SIGKILL);
    return ChaosTrial{.packets = number};
  });
  ASSERT_TRUE(trials.start({4, 5, 6, 7}));
  EXPECT_TRUE(trials.is_full());
  std::vector<std::uint64_t> packets, crashed;
  while (const std::optional<EndedTrial> ended = *trials.take()) {
    ASSERT_TRUE(ended->trial);
    if (ended->trial->violates("crash"))
      crashed.push_back(ended->number);
    else
      packets.push_back(ended->trial->packets);
  }
  EXPECT_TRUE(trials.empty());
  EXPECT_THAT(packets, testing::ElementsAre(4, 6, 7));
  EXPECT_THAT(crashed, testing::ElementsAre(5));
}

TEST(ForkedTrials, LeaveNoProcess) {
  {
    ForkedTrials trials(3, std::chrono::seconds(60), [](std::uint64_t) -> Result<ChaosTrial> {
      for (;;) pause();
    });
    for (std::uint64_t i = 0; i < 3; ++i) ASSERT_TRUE(trials.start({i}));
    EXPECT_TRUE(trials.is_full());
    volatile std::sig_atomic_t stop = 1;
    EXPECT_FALSE(*trials.take(&stop));
  }
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

}  // namespace
}  // namespace soliton
