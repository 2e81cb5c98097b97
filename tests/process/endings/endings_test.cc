// One orderly stop, whoever asks for it and how often.
#include "tests/process/endings/endings.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

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
  Running running({"run", "configs/quickstart.yaml", "--quiet", "--out", folder.file("run"),
                   "--set", "workload.requests=3000"});
  for (const auto& [name, pid] : running.wait_for_nodes(5))
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::kill(pid, number);
  EXPECT_EQ(running.wait().status, 0);
  EXPECT_TRUE(read_json(folder.file("run") + "/results.json")["complete"]);
}

// The summary into a pipe that is full and that nobody reads holds the orderly end up for ever.
TEST(Ending, AFurtherSignalAfterASecondEndsAtOnceAndSaysSo) {
  const TemporaryFolder folder;
  const std::string out = folder.file("run");
  int full[2], messages[2];
  ASSERT_EQ(pipe(full), 0);
  ASSERT_EQ(pipe(messages), 0);
  fcntl(full[1], F_SETFL, O_NONBLOCK);
  while (write(full[1], "x", 1) == 1) {
  }
  fcntl(full[1], F_SETFL, 0);
  Session session(long_run("packed", out), {full[1], messages[1]});
  ASSERT_TRUE(wait_for_answers(out));
  session.signal(SIGINT);
  sleep_ms(300);
  session.signal(SIGINT);  // within the second: part of the same wish
  EXPECT_EQ(session.wait(1.2), -1);
  session.signal(SIGINT);
  EXPECT_EQ(session.wait(2), 130);
  for (const int end : {full[0], full[1], messages[1]}) close(end);
  char text[4096] = {};
  EXPECT_GT(read(messages[0], text, sizeof text - 1), 0);
  close(messages[0]);
  EXPECT_THAT(text, HasSubstr("ended at once by a further signal"));
  expect_valid_and_marked(out);
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

TEST(Ending, WallTimeWithoutLoopbackIsSaidAtTheStart) {
  if (std::system("unshare -n true 2>/dev/null") != 0)
    GTEST_SKIP() << "makes no network namespace here: needs root";
  const TemporaryFolder folder;
  std::vector<std::string> words{"unshare", "-n"};
  for (const std::string& word : long_run("wall", folder.file("run"))) words.push_back(word);
  const std::string log = folder.write("messages", "");
  const int file = open(log.c_str(), O_WRONLY);
  Session session(words, {-1, file});
  close(file);
  EXPECT_EQ(session.wait(20), 7);
  EXPECT_THAT(read_text(log), HasSubstr("packets to 127.0.0.1 do not arrive on this machine"));
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
  // A reader may come while a line is written: the first lines are whole.
  const std::string lines = read_text(out + "/progress.jsonl");
  const std::size_t second = lines.find('\n') + 1;
  const auto last = nlohmann::json::parse(lines.substr(second, lines.find('\n', second) - second));
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
