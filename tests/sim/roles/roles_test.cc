// A kind of role is one value: here is one more, which a node runs, a launcher drives and a
// deployment's bytes carry, although nothing below tests/ knows of it.
#include "node/roles/roles.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <string>

#include "cluster/engine/launcher.h"
#include "node/roles/role_bytes.h"
#include "node/service/role.h"

namespace soliton {
namespace {

constexpr Duration kHold = microseconds(3);

// A ring of nodes passes a token on; each holds it for a while. Node 0 begins, and reports a round
// whenever it has the token back.
struct Ring {
  std::uint32_t nodes = 0;
  std::uint32_t rounds = 0;
};

constexpr Field kRingRows[] = {field<&Ring::nodes>("nodes", "How many pass the token on."),
                               field<&Ring::rounds>("rounds", "How often it comes back.")};
constexpr FieldTable kRingFields = fields_of<Ring>("ring", kRingRows);

class RingRole : public Role {
 public:
  RingRole(const Ring& ring, NodeId self) : ring_(ring), self_(self) {}

  void start(Instant at) override {
    if (index(self_) == 0) began_ = due_ = at;
  }
  void on_message(NodeId, Payload, Instant now) override {
    if (index(self_) == 0) {
      records_.push_back({0, round_, began_, now, false});
      began_ = now;
      if (++round_ == ring_.rounds) return;
    }
    due_ = now + kHold;
  }
  std::optional<RoleMessage> poll_message(Instant now) override {
    if (due_ > now) return std::nullopt;
    due_ = kNever;
    return RoleMessage{NodeId{(index(self_) + 1) % ring_.nodes}, Payload{{}, 100}};
  }
  Instant next_deadline() const override { return due_; }
  void on_deadline(Instant) override {}
  std::vector<std::string> describe_outstanding() const override {
    if (index(self_) != 0 || round_ == ring_.rounds) return {};
    return {"waits for the token of round " + std::to_string(round_)};
  }
  bool finished() const override { return index(self_) != 0 || round_ == ring_.rounds; }
  void hand_over(Records& to) override {
    to.messages.insert(to.messages.end(), records_.begin(), records_.end());
    records_.clear();
  }

 private:
  Ring ring_;
  NodeId self_;
  Instant due_ = kNever;
  Instant began_ = kNever;
  std::uint32_t round_ = 0;
  std::vector<TrafficRecord> records_;
};

std::unique_ptr<Role> make(const RoleSpec& spec, const Deployment& deployment, TraceBuffer*) {
  return std::make_unique<RingRole>(spec.get<Ring>(), deployment.id);
}
Asked asked(const RoleSpec& spec, NodeId self) {
  return {index(self) == 0 ? spec.get<Ring>().rounds : 0, "rounds", "completed"};
}
void write(const RoleSpec& spec, RoleBytesOut& out) {
  write_fields(kRingFields, &spec.get<Ring>(), out.options);
}
Result<RoleSpec> read(const RoleBytesIn& in);

constexpr RoleKind kRing = {.name = "ring",
                            .make = make,
                            .asked = asked,
                            .takes_part = nullptr,
                            .weights = nullptr,
                            .write = write,
                            .read = read};

Result<RoleSpec> read(const RoleBytesIn& in) {
  Ring ring;
  read_fields(kRingFields, in.options, &ring);
  return RoleSpec(kRing, ring);
}

std::vector<NodeAssignment> ring_of(std::uint32_t nodes, std::uint32_t rounds) {
  std::vector<NodeAssignment> out(nodes);
  for (std::uint32_t i = 0; i < nodes; ++i) {
    Deployment& deployment = out[i].deployment;
    deployment.node = "fpga" + std::to_string(i);
    deployment.id = NodeId{i};
    // Row 0 leads to the next node, row 1 to the one before.
    deployment.connections = {{NodeId{(i + 1) % nodes}, 1, 7, 1},
                              {NodeId{(i + nodes - 1) % nodes}, 0, 7, 1}};
    deployment.role = {kRing, Ring{nodes, rounds}};
  }
  return out;
}

struct World {
  explicit World(std::uint32_t nodes) {
    std::vector<PlacedNode> placed;
    for (std::uint32_t i = 0; i < nodes; ++i) placed.push_back({"fpga" + std::to_string(i), ""});
    Checked<Topology> built = build_topology({.name = "rack", .kind = "rack"}, placed);
    EXPECT_TRUE(built);
    topology = std::move(*built);
    routes = std::make_unique<Routes>(topology);
  }
  ClusterOutcome run(const std::vector<NodeAssignment>& nodes, Duration limit) {
    ControlLoop loop;
    RunControl control;
    control.loop = &loop;
    control.time_limit = limit;
    return kPackedLauncher.run(nodes, {&topology, routes.get(), &faults}, control);
  }
  Topology topology;
  std::unique_ptr<Routes> routes;
  FaultPlan faults;
};

TEST(Roles, OneMoreKindRunsInTheNodesOfARun) {
  World world(3);
  const ClusterOutcome outcome = world.run(ring_of(3, 4), milliseconds(10));
  EXPECT_FALSE(outcome.error) << outcome.error->message;
  ASSERT_EQ(outcome.traffic.size(), 4u);
  for (std::uint32_t round = 0; round < 4; ++round) {
    EXPECT_EQ(outcome.traffic[round].number, round);
    // The others hold the token in every round, node 0 in all but the first.
    EXPECT_GT(outcome.traffic[round].completed - outcome.traffic[round].sent,
              (round == 0 ? 2 : 3) * kHold);
  }
}

TEST(Roles, WhatIsOpenAtTheEndIsExplainedInItsWords) {
  World world(3);
  const ClusterOutcome outcome = world.run(ring_of(3, 4), microseconds(30));
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kNoProgress);
  EXPECT_NE(outcome.error->message.find("of 4 rounds completed"), std::string::npos)
      << outcome.error->message;
  EXPECT_NE(outcome.error->message.find("fpga0: waits for the token of round"), std::string::npos)
      << outcome.error->message;
}

TEST(Roles, OneMoreKindTravelsInTheBytesOfADeployment) {
  std::vector<const RoleKind*> kinds(std::begin(kRoleKinds), std::end(kRoleKinds));
  const auto read_back = [&] {
    const Result<int> file = write_assignment(ring_of(5, 9)[2]);
    EXPECT_TRUE(file);
    Result<NodeAssignment> back = read_assignment(*file, kinds);
    close(*file);
    return back;
  };
  const Result<NodeAssignment> unknown = read_back();
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message, "shard file: no role called \"ring\"");
  kinds.push_back(&kRing);
  const Result<NodeAssignment> back = read_back();
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->deployment.role.kind(), &kRing);
  EXPECT_EQ(back->deployment.role.get<Ring>().nodes, 5u);
  EXPECT_EQ(back->deployment.role.get<Ring>().rounds, 9u);
}

TEST(Roles, NamesOfKindsAreUnique) {
  for (const RoleKind* kind : kRoleKinds) EXPECT_EQ(find_role_kind(kind->name, kRoleKinds), kind);
  EXPECT_EQ(find_role_kind("ring", kRoleKinds), nullptr);
}

TEST(Roles, AnIdleNodeHasNoKind) {
  const RoleSpec idle;
  EXPECT_EQ(idle.kind(), nullptr);
  EXPECT_STREQ(idle.name(), "idle");
  EXPECT_FALSE(idle.takes_part());
  EXPECT_EQ(idle.weights(), 0u);
}

}  // namespace
}  // namespace soliton
