// Wrappers that mark what is done pass on all that they are asked.
#include "cluster/engine/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace soliton {
namespace {

using testing::ElementsAre;

// Notes its calls, and answers with what shows that it was asked.
class NotingRole : public Role {
 public:
  explicit NotingRole(std::vector<std::string>& calls) : calls_(calls) {}
  void start(Instant) override { calls_.push_back("start"); }
  void on_message(NodeId, Payload, Instant) override { calls_.push_back("message"); }
  std::optional<RoleMessage> poll_message(Instant) override {
    calls_.push_back("poll");
    return RoleMessage{NodeId{7}, {}};
  }
  Instant next_deadline() const override { return kRunStart + microseconds(3); }
  void on_deadline(Instant) override { calls_.push_back("deadline"); }
  void on_blocked(NodeId) override { calls_.push_back("blocked"); }
  void on_room(NodeId) override { calls_.push_back("room"); }
  std::vector<std::string> describe_outstanding() const override { return {"a message"}; }
  bool finished() const override { return true; }
  void hand_over(Records&) override { calls_.push_back("records"); }
  void add_stats(RoleStats&) const override { calls_.push_back("stats"); }

 private:
  std::vector<std::string>& calls_;
};

TEST(Profiled, ARoleIsAskedAllThatItsWrapperIsAsked) {
  std::vector<std::string> calls;
  const std::unique_ptr<Role> role = profiled(std::make_unique<NotingRole>(calls));
  Records records;
  RoleStats stats;
  role->start(kRunStart);
  role->on_message(NodeId{1}, {}, kRunStart);
  EXPECT_EQ(role->poll_message(kRunStart)->peer, NodeId{7});
  role->on_deadline(kRunStart);
  role->on_blocked(NodeId{1});
  role->on_room(NodeId{1});
  role->hand_over(records);
  role->add_stats(stats);
  EXPECT_THAT(calls, ElementsAre("start", "message", "poll", "deadline", "blocked", "room",
                                 "records", "stats"));
  EXPECT_EQ(role->next_deadline(), kRunStart + microseconds(3));
  EXPECT_THAT(role->describe_outstanding(), ElementsAre("a message"));
  EXPECT_TRUE(role->finished());
}

class NotingNode : public EngineNode {
 public:
  void deliver(Frame) override { ++delivered; }
  Instant next_event() const override { return kRunStart + microseconds(1); }
  void grant(Instant) override { ++granted; }
  Status collect(std::vector<Frame>& sent) override {
    sent.emplace_back();
    return {};
  }
  Instant last_event() const override { return kRunStart + microseconds(2); }
  std::uint64_t events() const override { return 5; }
  RunEnd run_end() const override { return {.came = kRunStart + microseconds(9)}; }
  void finish(Instant) override { ++finished; }
  int delivered = 0, granted = 0, finished = 0;
};

TEST(Profiled, ANodeIsAskedAllThatItsWrapperIsAsked) {
  NotingNode node;
  const ProfiledNodes wrapped({&node}, Activity::kTransport, true);
  ASSERT_EQ(wrapped.nodes().size(), 1u);
  EngineNode& outer = *wrapped.nodes()[0];
  ASSERT_NE(&outer, &node);
  outer.deliver({});
  outer.grant(kRunStart);
  std::vector<Frame> sent;
  EXPECT_TRUE(outer.collect(sent));
  outer.finish(kRunStart);
  EXPECT_EQ(sent.size(), 1u);
  EXPECT_EQ(node.delivered + node.granted + node.finished, 3);
  EXPECT_EQ(outer.next_event(), node.next_event());
  EXPECT_EQ(outer.last_event(), node.last_event());
  EXPECT_EQ(outer.events(), 5u);
  EXPECT_EQ(outer.run_end().came, node.run_end().came);
}

TEST(Profiled, WithoutAProfileNodesAreTheirOwn) {
  NotingNode node;
  EXPECT_THAT(ProfiledNodes({&node}, Activity::kWaiting, false).nodes(), ElementsAre(&node));
}

}  // namespace
}  // namespace soliton
