// One orderly stop, whoever asks for it and how often.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "tests/process/endings/endings.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

void sleep_ms(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

int status_of(int number) { return number == SIGINT ? 130 : 143; }

class Endings : public ::testing::TestWithParam<const char*> {};

TEST_P(Endings, EachSignalToTheWholeGroupIsOneOrderlyStop) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    const TemporaryFolder folder;
    const std::string out = folder.file("run");
    Session session(long_run(GetParam(), out));
    const pid_t controller = session.pid();
    ASSERT_TRUE(wait_for_answers(out));
    session.signal_group(number);
    EXPECT_EQ(session.wait(5), status_of(number));
    expect_valid_and_marked(out);
    EXPECT_TRUE(none_left(controller));
  }
}

TEST_P(Endings, RepeatedWithinASecondTheyAreOneWish) {
  const TemporaryFolder folder;
  const std::string out = folder.file("run");
  Session session(long_run(GetParam(), out));
  ASSERT_TRUE(wait_for_answers(out));
  for (int i = 0; i < 5; ++i) {
    session.signal(SIGTERM);
    session.signal_group(SIGTERM);
    session.signal_group(SIGCONT);
    sleep_ms(20);
  }
  EXPECT_EQ(session.wait(5), 143);
  expect_valid_and_marked(out);
}

INSTANTIATE_TEST_SUITE_P(Modes, Endings, ::testing::ValuesIn(kModes));

TEST(Ending, NodesLeaveSignalsToTheController) {
  const TemporaryFolder folder;
  Running running({"run", "configs/quickstart.yaml", "--quiet", "--out", folder.file("run"), "--set",
                   "workload.requests=3000"});
  for (const auto& [name, pid] : running.wait_for_nodes(5))
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::kill(pid, number);
  EXPECT_EQ(running.wait().status, 0);
  EXPECT_TRUE(read_json(folder.file("run") + "/results.json")["complete"]);
}


// A node that is stopped holds up the orderly end; a further signal later than a second ends all.
TEST(Ending, AFurtherSignalAfterASecondEndsAtOnceAndSaysSo) {
  const TemporaryFolder folder;
  const std::string out = folder.file("run");
  Running running({"run", "configs/quickstart.yaml", "--quiet", "--out", out, "--set",
                   "workload.requests=1000000"});
  const auto nodes = running.wait_for_nodes(5);
  ASSERT_EQ(nodes.size(), 5u);
  ASSERT_TRUE(wait_for_answers(out));
  // Stopped again after each SIGCONT of the controller.
  ::kill(nodes[0].second, SIGSTOP);
  ::kill(running.pid(), SIGINT);
  for (int i = 0; i < 11; ++i) {
    sleep_ms(100);
    ::kill(nodes[0].second, SIGSTOP);
  }
  ::kill(running.pid(), SIGINT);
  const Ended ended = running.wait();
  EXPECT_EQ(ended.status, 130);
  EXPECT_THAT(ended.err, HasSubstr("ended at once by a further signal"));
  EXPECT_TRUE(all_gone(nodes, 1000));
  expect_valid_up_to_the_last_second(out);
}

TEST(Ending, OneSignalEndsARunWithAStoppedNodeWithinFiveSeconds) {
  for (const char* time : {"virtual", "wall"}) {
    const TemporaryFolder folder;
    const std::string out = folder.file("run");
    Running running({"run", "configs/quickstart.yaml", "--quiet", "--time", time, "--out", out,
                     "--set", "workload.requests=1000000"});
    const auto nodes = running.wait_for_nodes(5);
    ASSERT_EQ(nodes.size(), 5u);
    ASSERT_TRUE(wait_for_answers(out));
    ::kill(nodes[1].second, SIGSTOP);
    sleep_ms(100);
    const Clock::time_point asked = Clock::now();
    ::kill(running.pid(), SIGTERM);
    EXPECT_EQ(running.wait().status, 143);
    EXPECT_LT(seconds_since(asked), 5);
    EXPECT_TRUE(all_gone(nodes, 1000));
    expect_valid_and_marked(out);
  }
}

TEST(Ending, WhatIsMeasuredIsOnDiskWhileTheRunGoesOn) {
  const TemporaryFolder folder;
  const std::string out = folder.file("run");
  Session session(long_run("packed", out));
  ASSERT_TRUE(wait_for_answers(out));
  sleep_ms(1200);
  const auto results = read_json(out + "/results.json");
  EXPECT_FALSE(results["complete"]);
  EXPECT_GT(results["requests"]["completed"], 0);
  EXPECT_GT(results["latency_us"]["p50"], 0);
  EXPECT_TRUE(results["ltl"]["packets"].is_null());
  const auto last = nlohmann::json::parse(whole_lines(out + "/progress.jsonl").back());
  EXPECT_EQ(last["state"], "running");
  EXPECT_EQ(last["asked"], 1000000);
  EXPECT_GT(last["completed"], 0);
  EXPECT_GT(last["emulated_us"], 0);
  session.signal(SIGTERM);
  EXPECT_EQ(session.wait(5), 143);
  EXPECT_EQ(nlohmann::json::parse(whole_lines(out + "/progress.jsonl").back())["state"],
            "incomplete");
}

}  // namespace
}  // namespace soliton
