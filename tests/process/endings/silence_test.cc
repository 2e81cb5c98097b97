// Nodes that are stopped or loop are named after a stated time; a controller that itself did not
// run blames nobody.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "tests/process/endings/endings.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> watched_run(const std::string& out, const char* time,
                                     const char* requests) {
  return {"run",
          "configs/quickstart.yaml",
          "--quiet",
          "--time",
          time,
          "--out",
          out,
          "--set",
          "limits.silence=1200 ms",
          "--set",
          std::string("workload.requests=") + requests};
}

TEST(Silence, AStoppedNodeIsNamedAndEndsTheRun) {
  for (const char* time : {"virtual", "wall"}) {
    const TemporaryFolder folder;
    const std::string out = folder.file("run");
    Running running(watched_run(out, time, "1000000"));
    const auto nodes = running.wait_for_nodes(5);
    ASSERT_EQ(nodes.size(), 5u);
    ASSERT_TRUE(wait_for_answers(out));
    for (const auto& [name, pid] : nodes)
      if (name == "fpga2") ::kill(pid, SIGSTOP);
    const Ended ended = running.wait();
    EXPECT_EQ(ended.status, 5) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("fpga2"));
    EXPECT_THAT(ended.err, HasSubstr("has been stopped by a signal for 1.2 s (limits.silence)"));
    EXPECT_TRUE(all_gone(nodes, 1000));
    expect_valid_and_marked(out);
  }
}

// Ctrl-Z stops the whole group, for longer than the limit.
TEST(Silence, TimeInWhichTheControllerDidNotRunDoesNotCount) {
  const TemporaryFolder folder;
  const std::string out = folder.file("run");
  std::vector<std::string> words{soliton_program()};
  for (const std::string& word : watched_run(out, "virtual", "2500")) words.push_back(word);
  Session session(words);
  ASSERT_TRUE(wait_for_answers(out));
  session.signal_group(SIGSTOP);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  session.signal_group(SIGCONT);
  EXPECT_EQ(session.wait(120), 0);
  EXPECT_TRUE(read_json(out + "/results.json")["complete"]);
}

}  // namespace
}  // namespace soliton
