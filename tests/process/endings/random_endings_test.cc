// Ends at random moments, a few of each here and many with `./dev endings N`: under `timeout`, with
// a terminal that closes, and by SIGKILL.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "protocol/base/rng.h"
#include "tests/process/endings/endings.h"

namespace soliton {
namespace {

// SOLITON_ENDINGS=N: N of the commonest kind; the others in proportion.
int rounds(int divisor) {
  const char* const asked = std::getenv("SOLITON_ENDINGS");
  return asked == nullptr ? 1 : std::max(1, std::atoi(asked) / divisor);
}

// Uniform in [least, most], as a function of its ordinal.
double moment(const char* purpose, int ordinal, double least, double most) {
  return least + (most - least) * Random(1, purpose).unit(static_cast<std::uint64_t>(ordinal));
}

void sleep_seconds(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

class RandomEndings : public ::testing::TestWithParam<const char*> {};

// `timeout` sends TERM to the program and then to the whole group.
TEST_P(RandomEndings, TimeoutKeepsWhatWasMeasured) {
  for (int round = 0; round < rounds(15); ++round) {
    const TemporaryFolder folder;
    const std::string out = folder.file("run");
    const double seconds = moment("timeout", round, 0.3, 3);
    SCOPED_TRACE(testing::Message() << GetParam() << " timeout " << seconds);
    std::vector<std::string> words{"timeout", std::to_string(seconds)};
    for (const std::string& word : long_run(GetParam(), out)) words.push_back(word);
    Session session(words);
    EXPECT_EQ(session.wait(seconds + 10), 124);
    if (!std::filesystem::exists(out)) continue;  // the machine was slow: nothing was begun
    expect_valid_and_marked(out);
    EXPECT_FALSE(std::filesystem::exists(out + "/lock"));
  }
}

TEST_P(RandomEndings, AClosedTerminalKeepsWhatWasMeasured) {
  for (int round = 0; round < rounds(30); ++round) {
    const TemporaryFolder folder;
    const std::string out = folder.file("run");
    Session session(long_run(GetParam(), out), Session::Terminal{});
    const pid_t controller = session.pid();
    ASSERT_TRUE(wait_for_answers(out));
    sleep_seconds(moment("terminal", round, 0, 1));
    session.hang_up();
    EXPECT_EQ(session.wait(5), 143);
    expect_valid_and_marked(out);
    EXPECT_TRUE(none_left(controller));
  }
}

TEST_P(RandomEndings, AKilledControllerLeavesAValidFolderAndNoProcess) {
  for (int round = 0; round < rounds(3); ++round) {
    const TemporaryFolder folder;
    const std::string out = folder.file("run");
    Session session(long_run(GetParam(), out));
    const pid_t controller = session.pid();
    const double seconds = moment("kill", round, 0.02, 1.6);
    SCOPED_TRACE(testing::Message() << GetParam() << " killed after " << seconds);
    sleep_seconds(seconds);
    session.signal(SIGKILL);
    EXPECT_EQ(session.wait(5), 128 + SIGKILL);
    EXPECT_TRUE(none_left(controller));
    expect_valid_up_to_the_last_second(out);
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, RandomEndings, ::testing::ValuesIn(kModes));

}  // namespace
}  // namespace soliton
