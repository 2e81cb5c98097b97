#include "cluster/engine/fleet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace soliton {
namespace {

using ::testing::HasSubstr;
using Milliseconds = std::chrono::milliseconds;

struct Nodes {
  ControlLoop loop;
  Fleet fleet;
  std::vector<NodeAssignment> assignments;

  explicit Nodes(const std::vector<std::string>& names)
      : fleet(loop, {.node_program = SOLITON_BINARY_DIR "/tests/bin/misbehaving_node",
                     .logs = {},
                     .ready = Milliseconds(1000),
                     .silence = Milliseconds(600),
                     .drain = Milliseconds(100)}) {
    for (std::uint32_t i = 0; i < names.size(); ++i) {
      NodeAssignment assignment;
      assignment.deployment.node = names[i];
      assignment.deployment.id = NodeId{i};
      assignments.push_back(std::move(assignment));
    }
  }

  void start() {
    ASSERT_TRUE(fleet.start(assignments, {}));
    ASSERT_TRUE(fleet.wait_ready());
    fleet.send_start(0);
  }
  // Waits for a failure.
  std::optional<Error> failure(Milliseconds most) {
    const Milliseconds until = loop.running_time() + most;
    while (!fleet.failed() && loop.running_time() < until) fleet.wait_change(Milliseconds(20));
    return fleet.failure();
  }
};

TEST(Fleet, ANodeThatLoopsIsNamed) {
  Nodes nodes({"works", "loops"});
  nodes.start();
  const std::optional<Error> error = nodes.failure(Milliseconds(10'000));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kNoProgress);
  EXPECT_THAT(error->message, HasSubstr("loops (process"));
  EXPECT_THAT(error->message, HasSubstr("has work and has done nothing for 0.6 s"));
  EXPECT_TRUE(nodes.fleet.node_failed(1));
  EXPECT_FALSE(nodes.fleet.node_failed(0));
}

TEST(Fleet, ANodeThatWorksForLongIsLeftAlone) {
  Nodes nodes({"works"});
  nodes.start();
  EXPECT_FALSE(nodes.failure(Milliseconds(1500)));
}

TEST(Fleet, ANodeThatWasStoppedAndGoesOnInTimeIsLeftAlone) {
  Nodes nodes({"works"});
  nodes.start();
  const pid_t pid = nodes.fleet.pids()[0];
  ::kill(pid, SIGSTOP);
  EXPECT_FALSE(nodes.failure(Milliseconds(300)));
  ::kill(pid, SIGCONT);
  EXPECT_FALSE(nodes.failure(Milliseconds(1200)));
}

TEST(Fleet, ANodeThatNeverComesIsNamed) {
  Nodes nodes({"works", "mute"});
  ASSERT_TRUE(nodes.fleet.start(nodes.assignments, {}));
  const Status ready = nodes.fleet.wait_ready();
  ASSERT_FALSE(ready);
  EXPECT_EQ(ready.error().code, ErrorCode::kNoProgress);
  EXPECT_THAT(ready.error().message, HasSubstr("not ready after 1 s: mute (process"));
}

TEST(Fleet, ANodeThatEndsIsNamedWithItsStatus) {
  Nodes nodes({"works", "dies"});
  nodes.start();
  const std::optional<Error> error = nodes.failure(Milliseconds(10'000));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kBroken);
  EXPECT_THAT(error->message, HasSubstr("dies (process"));
  EXPECT_THAT(error->message, HasSubstr("ended by status 3"));
}

// It ended the controller by an assertion, or made it write behind a list.
TEST(Fleet, ANodeThatReportsNonsenseIsNamed) {
  Nodes nodes({"works", "lies"});
  nodes.start();
  const std::optional<Error> error = nodes.failure(Milliseconds(10'000));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kBroken);
  EXPECT_THAT(error->message, HasSubstr("lies (process"));
}

TEST(Fleet, NobodyIsLeftAfterAKill) {
  std::vector<pid_t> pids;
  {
    Nodes nodes({"works", "loops", "works"});
    nodes.start();
    pids = nodes.fleet.pids();
  }
  for (const pid_t pid : pids) EXPECT_EQ(::kill(pid, 0), -1);
}

}  // namespace
}  // namespace soliton
