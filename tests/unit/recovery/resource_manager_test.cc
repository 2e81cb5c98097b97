#include "node/recovery/resource_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "protocol/base/rng.h"

namespace soliton {
namespace {

using What = RecoveryEvent::What;

// Node 0 is the manager's own and a host, 1 to 3 have slots, 4 and 5 are in reserve. Agents answer at once
// unless they are told not to.
class Managed : public testing::Test {
 protected:
  static constexpr std::uint32_t kNodes = 6;

  struct Agent {
    bool answers = true;
    std::uint32_t generation = 1, layout = 0;
    NodeId slot = kNoSlot;
    std::uint64_t progress = 0, waiting = 0;
    bool busy = false;
    std::vector<Assignment> told;
  };

  explicit Managed(Duration give_up = milliseconds(2)) : options_{.give_up = give_up} {
    for (std::uint32_t n = 0; n < kNodes; ++n)
      if (n < 4) agents_[n].slot = NodeId{n};
    manager_.start(now_);
  }

  static std::vector<ManagedNode> nodes() {
    const std::vector<NodeId> slots{NodeId{1}, NodeId{2}, NodeId{3}};
    std::vector<ManagedNode> out;
    out.push_back({NodeId{0}, NodeId{0}, {NodeId{0}}});
    for (const NodeId slot : slots) out.push_back({slot, slot, {slot}});
    for (const std::uint32_t spare : {4u, 5u}) out.push_back({NodeId{spare}, kNoSlot, slots});
    return out;
  }

  // Without node 3 the model fits on the others.
  static std::vector<ManagedLayout> layouts() {
    return {{NodeId{3}, {NodeId{0}, NodeId{1}, NodeId{2}}}};
  }

  AgentStatus status_of(std::uint32_t node, std::uint64_t number) {
    const Agent& agent = agents_[node];
    return {.number = number,
            .generation = agent.generation,
            .layout = agent.layout,
            .slot = agent.slot,
            .progress = agent.progress,
            .waiting = agent.waiting,
            .busy = agent.busy};
  }

  void deliver() {
    while (const auto letter = manager_.poll()) {
      const std::uint32_t node = index(letter->to);
      Agent& agent = agents_[node];
      if (const auto* assignment = std::get_if<Assignment>(&letter->what)) {
        if (!agent.answers) continue;
        agent.told.push_back(*assignment);
        if (assignment->generation <= agent.generation) continue;
        agent.generation = assignment->generation;
        agent.layout = assignment->layout;
        agent.slot = kNoSlot;
        for (const Grant& grant : assignment->grants)
          if (grant.node == letter->to) agent.slot = grant.slot;
      } else if (agent.answers) {
        manager_.on_status(letter->to, status_of(node, std::get<Question>(letter->what).number),
                           now_);
      }
    }
  }

  void run_until(Instant until) {
    while (manager_.next_deadline() <= until) {
      now_ = std::max(now_, manager_.next_deadline());
      manager_.on_deadline(now_);
      deliver();
    }
    now_ = until;
  }
  void run_for(Duration span) { run_until(later(now_, span)); }

  std::vector<RecoveryEvent> events(What what) const {
    std::vector<RecoveryEvent> out;
    for (const RecoveryEvent& event : manager_.log())
      if (event.what == what) out.push_back(event);
    return out;
  }

  ManagerOptions options_;
  Instant now_{};
  ResourceManager manager_{options_, nodes(), layouts(), NodeId{0}};
  std::map<std::uint32_t, Agent> agents_;
};

struct PatientlyManaged : Managed {
  PatientlyManaged() : Managed(milliseconds(100'000)) {}
};

TEST_F(Managed, NodesThatAnswerAreLeftAlone) {
  run_for(milliseconds(20));
  EXPECT_TRUE(manager_.log().empty());
  EXPECT_EQ(manager_.generation(), 1u);
  EXPECT_EQ(manager_.gave_up(), kNever);
}

TEST_F(Managed, ASilentNodeIsDeadAfterTenTimeoutsAndTheFirstSpareGetsItsWork) {
  run_for(milliseconds(1));
  agents_[2].answers = false;
  run_for(milliseconds(1));
  ASSERT_EQ(events(What::kDead).size(), 1u);
  const RecoveryEvent dead = events(What::kDead).front();
  EXPECT_EQ(dead.node, NodeId{2});
  EXPECT_EQ(dead.slot, NodeId{2});
  EXPECT_LE(dead.at - milliseconds(1) - kRunStart, times(options_.timeout, 10));
  ASSERT_EQ(events(What::kGranted).size(), 1u);
  EXPECT_EQ(events(What::kGranted).front().node, NodeId{4});
  EXPECT_EQ(events(What::kGranted).front().at, dead.at);
  for (const std::uint32_t node : {0u, 1u, 3u, 4u, 5u}) {
    ASSERT_EQ(agents_[node].told.size(), 1u) << node;
    EXPECT_EQ(agents_[node].generation, 2u);
  }
  EXPECT_EQ(agents_[4].slot, NodeId{2});
}

TEST_F(Managed, ANodeThatComesBackIsToldAndHasNothing) {
  agents_[2].answers = false;
  run_for(milliseconds(1));
  agents_[2].answers = true;
  // Its transport has kept the question, and brings it the answer of the past.
  manager_.on_status(NodeId{2}, status_of(2, 1), now_);
  deliver();
  run_for(milliseconds(1));
  EXPECT_EQ(events(What::kRejoined).size(), 1u);
  EXPECT_EQ(agents_[2].generation, 2u);
  EXPECT_EQ(agents_[2].slot, kNoSlot);
  EXPECT_EQ(events(What::kGranted).size(), 1u);
}

TEST_F(Managed, ARoleWithoutProgressIsHungAndOneThatWaitsForOthersIsNot) {
  agents_[1].waiting = 3;
  agents_[3].waiting = 0;
  run_for(milliseconds(2));
  ASSERT_EQ(events(What::kHung).size(), 1u);
  EXPECT_EQ(events(What::kHung).front().node, NodeId{1});
  EXPECT_TRUE(events(What::kDead).empty());
  EXPECT_EQ(agents_[4].slot, NodeId{1});
}

// Found by chaos: two nodes had trouble, one of them for a while, and there was one spare.
TEST_F(PatientlyManaged, ANodeThatHungGetsItsWorkAgainWhenNobodyElseCan) {
  agents_[4].answers = agents_[5].answers = false;
  run_for(milliseconds(1));
  agents_[1].waiting = 3;
  run_for(milliseconds(5));
  EXPECT_GT(events(What::kHung).size(), 1u);
  EXPECT_LT(events(What::kHung).size(), 8u);  // it is tried again less and less often
  run_for(milliseconds(20));
  for (int i = 0; i < 100; ++i) {
    ++agents_[1].progress;
    run_for(microseconds(100));
  }
  const std::size_t hung = events(What::kHung).size();
  EXPECT_EQ(agents_[1].slot, NodeId{1});
  EXPECT_EQ(agents_[1].generation, manager_.generation());
  EXPECT_EQ(events(What::kGranted).size(), hung);
  EXPECT_EQ(manager_.gave_up(), kNever);
}

TEST_F(Managed, ANodeThatHangsForEverIsGivenUpInTimeAllTheSame) {
  agents_[4].answers = agents_[5].answers = false;
  run_for(milliseconds(1));
  agents_[1].waiting = 3;
  run_for(milliseconds(5));
  ASSERT_EQ(events(What::kNoSpare).size(), 1u);
  EXPECT_EQ(events(What::kNoSpare).front().slot, NodeId{1});
  const Duration took = events(What::kNoSpare).front().at - events(What::kHung).front().at;
  EXPECT_GE(took, options_.give_up);
  EXPECT_LE(took, options_.give_up + options_.patience());
}

TEST_F(Managed, ASlowNodeThatMakesProgressIsNotReplaced) {
  agents_[1].waiting = 3;
  for (int i = 0; i < 40; ++i) {
    ++agents_[1].progress;
    run_for(microseconds(100));
  }
  EXPECT_TRUE(manager_.log().empty());
}

TEST_F(Managed, SilenceOfAllIsTheManagersOwn) {
  for (std::uint32_t node = 1; node < kNodes; ++node) agents_[node].answers = false;
  run_for(milliseconds(1));
  EXPECT_TRUE(events(What::kDead).empty());
  EXPECT_EQ(events(What::kAlone).size(), 1u);
  EXPECT_EQ(manager_.gave_up(), kNever);
  run_for(milliseconds(4));
  EXPECT_EQ(events(What::kIsolated).size(), 1u);
  EXPECT_NE(manager_.gave_up(), kNever);
  EXPECT_EQ(manager_.next_deadline(), kNever);
}

TEST_F(Managed, WithoutASpareTheRunIsGivenUpInTimeAndNotBefore) {
  agents_[4].answers = agents_[5].answers = false;
  run_for(milliseconds(1));
  agents_[1].answers = false;
  run_for(microseconds(2'400));
  EXPECT_EQ(manager_.gave_up(), kNever);
  run_for(microseconds(200));
  ASSERT_EQ(events(What::kNoSpare).size(), 1u);
  EXPECT_EQ(events(What::kNoSpare).front().slot, NodeId{1});
}

TEST_F(Managed, WithoutASpareTheModelIsDividedAnewIfItFitsOnTheOthers) {
  agents_[4].answers = agents_[5].answers = false;
  run_for(milliseconds(1));
  agents_[3].answers = false;
  run_for(milliseconds(100));
  EXPECT_EQ(manager_.gave_up(), kNever);
  EXPECT_TRUE(events(What::kDivided).empty());
  run_for(milliseconds(2));
  ASSERT_EQ(events(What::kDivided).size(), 1u);
  EXPECT_EQ(events(What::kDivided).front().slot, NodeId{3});
  EXPECT_EQ(manager_.gave_up(), kNever);
  for (const std::uint32_t node : {0u, 1u, 2u}) {
    EXPECT_EQ(agents_[node].layout, 1u);
    EXPECT_EQ(agents_[node].slot, NodeId{node});
  }
  // One that comes back is told, and a manager that was down learns which division it is.
  agents_[3].answers = true;
  manager_.on_status(NodeId{3}, status_of(3, 1), now_);
  deliver();
  EXPECT_EQ(agents_[3].slot, kNoSlot);
  manager_.restart(now_);
  run_for(milliseconds(2));
  EXPECT_EQ(manager_.generation(), 2u);
  EXPECT_EQ(manager_.gave_up(), kNever);
}

TEST_F(Managed, TwoThatDieTogetherAreReplacedTogether) {
  agents_[1].answers = agents_[3].answers = false;
  run_for(milliseconds(2));
  EXPECT_EQ(agents_[4].slot, NodeId{1});
  EXPECT_EQ(agents_[5].slot, NodeId{3});
}

TEST_F(Managed, ANewIncarnationHasLostItsWork) {
  run_for(microseconds(100));
  agents_[3].slot = kNoSlot;
  manager_.on_status(NodeId{3}, status_of(3, 0), now_);
  deliver();
  run_for(milliseconds(1));
  EXPECT_EQ(events(What::kLost).size(), 1u);
  EXPECT_EQ(agents_[4].slot, NodeId{3});
  EXPECT_TRUE(events(What::kDead).empty());
}

TEST_F(Managed, AManagerThatWasDownAsksWaitsForALeaseAndThenGrants) {
  agents_[2].answers = false;
  run_for(milliseconds(1));  // generation 2: slot 2 is at node 4
  agents_[4].answers = false;
  manager_.restart(now_);
  const Instant back = now_;
  run_for(milliseconds(2));
  EXPECT_EQ(events(What::kManagerUp).size(), 1u);
  ASSERT_EQ(events(What::kGranted).size(), 2u);
  EXPECT_GE(events(What::kGranted).back().at, later(back, options_.lease));
  EXPECT_EQ(events(What::kGranted).back().node, NodeId{5});
  EXPECT_EQ(manager_.generation(), 3u);
  // The others keep what they have.
  EXPECT_EQ(agents_[1].slot, NodeId{1});
  EXPECT_EQ(agents_[3].slot, NodeId{3});
}

TEST_F(Managed, AForgottenLeaseGivesTheWorkToAnotherAndTheOldOwnerHasNothing) {
  run_for(microseconds(100));
  manager_.lose_lease(NodeId{2}, now_);
  deliver();
  run_for(milliseconds(1));
  EXPECT_EQ(agents_[4].slot, NodeId{2});
  EXPECT_EQ(agents_[2].slot, kNoSlot);
}

TEST_F(Managed, ForbiddenDevicesAreNotGranted) {
  manager_.set_forbidden(NodeId{4}, true);
  agents_[1].answers = false;
  run_for(milliseconds(1));
  EXPECT_EQ(agents_[5].slot, NodeId{1});
}

TEST_F(Managed, AManagerThatWasAsleepTakesNobodyForDead) {
  run_for(milliseconds(1));
  now_ = later(now_, milliseconds(5));
  manager_.on_deadline(now_);
  deliver();
  run_for(milliseconds(1));
  EXPECT_TRUE(manager_.log().empty());
}

// Whatever agents do, a generation is said once, and in it no slot has two nodes and no node two slots.
TEST_F(PatientlyManaged, AGenerationHasOneOwnerForEachSlotWhateverHappens) {
  const Random chance(3, "histories");
  std::map<std::uint32_t, std::vector<Grant>> said;
  for (std::uint64_t step = 0; step < 2'000 && manager_.gave_up() == kNever; ++step) {
    const NodeId node{static_cast<std::uint32_t>(1 + chance.below(3 * step, kNodes - 1))};
    Agent& agent = agents_[index(node)];
    if (chance.below(3 * step + 1, 4) == 0) {
      agent.answers = !agent.answers;
      if (agent.answers) {  // as another incarnation
        agent.slot = kNoSlot;
        agent.generation = 1;
        manager_.on_status(node, status_of(index(node), 0), now_);
        deliver();
      }
    }
    agent.waiting = chance.below(3 * step + 2, 8) == 0 ? 1 : 0;
    ++agent.progress;
    run_for(microseconds(70));
    for (auto& [number, one] : agents_) {
      for (const Assignment& assignment : one.told) {
        std::set<NodeId> slots, nodes;
        for (const Grant& grant : assignment.grants) {
          EXPECT_TRUE(slots.insert(grant.slot).second);
          EXPECT_TRUE(nodes.insert(grant.node).second);
        }
        const auto at = said.emplace(assignment.generation, assignment.grants).first;
        EXPECT_EQ(at->second, assignment.grants);
      }
      one.told.clear();
    }
  }
  EXPECT_GT(said.size(), 3u);
}

}  // namespace
}  // namespace soliton
