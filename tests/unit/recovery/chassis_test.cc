#include "node/chassis/chassis.h"

#include <gtest/gtest.h>

namespace soliton {
namespace {

Instant at_us(std::int64_t us) { return kRunStart + microseconds(us); }

// Sends a message every microsecond from its start on, counts what it gets.
class Ticker final : public Role {
 public:
  explicit Ticker(NodeId peer) : peer_(peer) {}
  void start(Instant at) override { next_ = later(at, microseconds(1)); }
  void on_message(NodeId, Payload, Instant) override { ++taken; }
  std::optional<RoleMessage> poll_message(Instant now) override {
    if (next_ > now) return std::nullopt;
    next_ = later(next_, microseconds(1));
    return RoleMessage{peer_, Payload{std::vector<std::byte>(8), 0}};
  }
  Instant next_deadline() const override { return next_; }
  void on_deadline(Instant) override {}
  std::vector<std::string> describe_outstanding() const override { return {}; }
  std::uint64_t taken = 0;

 private:
  NodeId peer_;
  Instant next_ = kNever;
};

const RoleKind kTicker = {
    .name = "ticker",
    .make = [](const RoleSpec& spec, const Deployment&, TraceBuffer*) -> std::unique_ptr<Role> {
      return std::make_unique<Ticker>(NodeId{spec.get<std::uint32_t>()});
    },
    .asked = nullptr,
    .takes_part = nullptr,
    .weights = nullptr,
    .write = nullptr,
    .read = nullptr};

Deployment ticking(std::uint32_t self, std::uint32_t peer) {
  Deployment out;
  out.node = "n" + std::to_string(self);
  out.id = NodeId{self};
  out.identity.epoch = 1;
  out.ltl.handshake = true;
  out.connections.push_back({NodeId{peer}, 0, 7, 1, {}});
  out.role = {kTicker, peer};
  return out;
}

FaultRule rule(std::string_view kind, Duration from, Duration to, Settings options = {}) {
  FaultRule out;
  out.id = std::string(kind);
  out.kind = find_fault_kind(kind);
  out.nodes = {0};
  out.when.from = kRunStart + from;
  out.when.until = to == Duration{} ? kNever : kRunStart + to;
  out.options = std::move(options);
  return out;
}

NodeRules rules(std::vector<FaultRule> all) {
  NodeRules out;
  for (std::uint32_t i = 0; i < all.size(); ++i) out.rules.push_back({i, NodeId{0}, all[i]});
  return out;
}

// Two chassis on a wire without delay.
struct Pair {
  explicit Pair(std::vector<FaultRule> faults)
      : here(ticking(0, 1)), there(ticking(1, 0)), a(here, rules(std::move(faults))), b(there, {}) {
    a.start(kRunStart);
    b.start(kRunStart);
  }
  void run_until(Instant until) {
    for (;;) {
      const Instant next = std::min(a.machine().next_deadline(), b.machine().next_deadline());
      if (next > until) break;
      now = std::max(now, next);
      for (Machine* m : {&a.machine(), &b.machine()})
        if (m->next_deadline() <= now) m->on_deadline(now);
      exchange();
    }
    now = until;
  }
  void exchange() {
    for (bool any = true; any;) {
      any = false;
      while (auto out = a.machine().poll_output(now)) {
        any = true;
        ++sent;
        b.machine().on_input(std::move(*out), now);
      }
      while (auto out = b.machine().poll_output(now)) {
        any = true;
        a.machine().on_input(std::move(*out), now);
      }
    }
  }
  std::uint64_t taken_by_b() { return static_cast<Ticker*>(b.node().role())->taken; }

  Deployment here, there;
  Chassis a, b;
  Instant now{};
  std::uint64_t sent = 0;
};

TEST(ChassisTest, WithoutRulesIsTheNode) {
  Pair pair({});
  EXPECT_EQ(&pair.a.machine(), static_cast<Machine*>(&pair.a.node()));
  pair.run_until(at_us(20));
  EXPECT_EQ(pair.taken_by_b(), 20u);
}

TEST(ChassisTest, ANodeThatCrashesSendsNothingMore) {
  Pair pair({rule("node_crash", microseconds(10), {})});
  pair.run_until(at_us(10));
  const std::uint64_t sent = pair.sent;
  pair.run_until(at_us(400));
  EXPECT_EQ(pair.sent, sent);
  EXPECT_EQ(pair.taken_by_b(), 9u);
  ASSERT_EQ(pair.a.firings().size(), 1u);
  EXPECT_EQ(pair.a.firings().front().at, at_us(10));
  EXPECT_EQ(pair.a.firings().front().trouble.until, kNever);
  // What it had counted is kept.
  EXPECT_GT(pair.a.ltl_stats().packets_sent, 0u);
}

TEST(ChassisTest, ANodeThatRestartsIsAnotherIncarnationThatHasForgotten) {
  Pair pair({rule("node_crash", microseconds(10), microseconds(50))});
  pair.run_until(at_us(300));
  // Its peer has had 9 messages, and those from 51 us on.
  EXPECT_GE(pair.taken_by_b(), 9u + 200u);
  EXPECT_LE(pair.taken_by_b(), 9u + 250u);
  EXPECT_GE(pair.b.node().ltl().stats().connections_opened, 2u);
}

TEST(ChassisTest, AFrozenNodeGoesOnWithWhatCameMeanwhile) {
  Pair pair({rule("node_pause", microseconds(10), microseconds(40))});
  pair.run_until(at_us(39));
  EXPECT_EQ(pair.taken_by_b(), 9u);
  pair.run_until(at_us(60));
  EXPECT_EQ(pair.taken_by_b(), 60u);
  pair.run_until(at_us(200));
  EXPECT_EQ(static_cast<std::uint64_t>(pair.a.node().delivered()), 200u);
}

TEST(ChassisTest, ANodeThatIsCutOffWorksOnUnheard) {
  Pair pair({rule("zombie", microseconds(10), microseconds(40))});
  pair.run_until(at_us(39));
  EXPECT_EQ(pair.taken_by_b(), 9u);
  pair.run_until(at_us(2'000));
  // Its transport sends again what was lost.
  EXPECT_EQ(pair.taken_by_b(), 2'000u);
}

TEST(ChassisTest, AConfigurationSendsGarbageThatIsRefused) {
  Settings options;
  options.push_back({"packets", {std::int64_t{25}}});
  options.push_back({"lasts", {microseconds(30).count()}});
  Pair pair({rule("reconfig_garbage", microseconds(10), {}, options)});
  pair.run_until(at_us(39));
  const LtlStats& stats = pair.b.node().ltl().stats();
  EXPECT_EQ(stats.dropped_checksum + stats.dropped_malformed + stats.dropped_stale +
                stats.dropped_unauthentic + stats.dropped_replayed,
            25u);
  EXPECT_EQ(pair.taken_by_b(), 9u);
}

TEST(ChassisTest, ATriggerCountsMessagesOfItsNode) {
  FaultRule crash = rule("node_crash", {}, {});
  crash.when.trigger = FaultTrigger::kMessageDelivered;
  crash.when.count = 7;
  Pair pair({crash});
  pair.run_until(at_us(100));
  ASSERT_EQ(pair.a.firings().size(), 1u);
  EXPECT_EQ(pair.a.firings().front().at, at_us(7));
}

// Its role would act, and its transport has nothing: the end of the pause is an event all the same.
TEST(ChassisTest, APauseEndsForARoleThatWaitsToAct) {
  FaultRule pause = rule("node_pause", microseconds(10), microseconds(40));
  Pair pair({pause});
  pair.run_until(at_us(10));
  EXPECT_EQ(pair.a.machine().next_deadline(), at_us(40));
}

// A rule that begins when nothing else happens must not keep a run going.
TEST(ChassisTest, AFaultOfANodeWithNothingToDoIsNoEvent) {
  Deployment idle = ticking(0, 1);
  idle.role = {};
  Chassis chassis(idle, rules({rule("node_pause", milliseconds(5), milliseconds(6)),
                               rule("node_crash", milliseconds(50), {})}));
  chassis.start(kRunStart);
  EXPECT_EQ(chassis.machine().next_deadline(), kNever);
}

TEST(ChassisTest, AClockThatStandsHoldsWhatTheNodeWaitsFor) {
  const Settings freeze{{"freeze", {std::int64_t{1}}}};
  Deployment deployment = ticking(0, 1);
  deployment.ltl.handshake = false;
  Chassis chassis(deployment, rules({rule("clock", microseconds(5), microseconds(15), freeze)}));
  Machine& machine = chassis.machine();
  chassis.start(kRunStart);
  std::vector<Instant> acted;
  while (machine.next_deadline() <= at_us(20)) {
    acted.push_back(machine.next_deadline());
    machine.on_deadline(acted.back());
    while (machine.poll_output(acted.back())) continue;
  }
  EXPECT_TRUE(
      std::ranges::none_of(acted, [](Instant at) { return at_us(5) < at && at < at_us(15); }));
  EXPECT_TRUE(std::ranges::find(acted, at_us(15)) != acted.end());
  EXPECT_GT(std::ranges::count_if(acted, [](Instant at) { return at < at_us(5); }), 3);
}

// Half as long again for each wait of a microsecond.
TEST(ChassisTest, ASlowClockMakesEachWaitLonger) {
  const Settings drift{{"drift", {std::int64_t{500'000}}}};
  Pair pair({rule("clock", {}, {}, drift)});
  const Instant planned = pair.a.node().next_deadline();
  ASSERT_NE(planned, kNever);
  EXPECT_EQ(pair.a.machine().next_deadline() - kRunStart, (planned - kRunStart) * 3 / 2);
  pair.run_until(at_us(100));
  EXPECT_GT(pair.taken_by_b(), 50u);
}

TEST(ChassisTest, AStepOfTheTimeOfDayIsNothing) {
  const Settings step{{"step", {std::int64_t{3'600'000'000'000'000}}}};
  Pair pair({rule("clock", microseconds(10), {}, step)});
  Pair plain({});
  pair.run_until(at_us(100));
  plain.run_until(at_us(100));
  EXPECT_EQ(pair.taken_by_b(), plain.taken_by_b());
  EXPECT_EQ(pair.sent, plain.sent);
}

// Says one thing when it starts, and plans nothing.
class Greeter final : public Role {
 public:
  explicit Greeter(NodeId peer) : peer_(peer) {}
  void on_message(NodeId, Payload, Instant) override {}
  std::optional<RoleMessage> poll_message(Instant) override {
    if (std::exchange(said_, true)) return std::nullopt;
    return RoleMessage{peer_, Payload{std::vector<std::byte>(8), 0}};
  }
  Instant next_deadline() const override { return kNever; }
  void on_deadline(Instant) override {}
  std::vector<std::string> describe_outstanding() const override { return {}; }

 private:
  NodeId peer_;
  bool said_ = false;
};

const RoleKind kGreeter = {
    .name = "greeter",
    .make = [](const RoleSpec& spec, const Deployment&, TraceBuffer*) -> std::unique_ptr<Role> {
      return std::make_unique<Greeter>(NodeId{spec.get<std::uint32_t>()});
    },
    .asked = nullptr,
    .takes_part = nullptr,
    .weights = nullptr,
    .write = nullptr,
    .read = nullptr};

// Found by chaos: the run was over when nothing was left to happen, and the node had been paused before it
// could say its first word, or while its role began to say it.
TEST(Chassis, APausedNodeThatHasNotSpokenYetSpeaksAfterwards) {
  Deployment deployment = ticking(0, 1);
  deployment.ltl.handshake = false;
  deployment.role = {kGreeter, std::uint32_t{1}};
  Chassis chassis(deployment, rules({rule("node_pause", {}, microseconds(5))}));
  Machine& machine = chassis.machine();
  chassis.start(kRunStart);
  EXPECT_FALSE(machine.poll_output(kRunStart));
  ASSERT_EQ(machine.next_deadline(), at_us(5));
  machine.on_deadline(at_us(5));
  EXPECT_TRUE(machine.poll_output(at_us(5)));
}

}  // namespace
}  // namespace soliton
