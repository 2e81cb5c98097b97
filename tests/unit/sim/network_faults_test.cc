#include "fabric/sim/network.h"
#include "tests/unit/sim/worlds.h"

namespace soliton {
namespace {

constexpr std::uint64_t kPing = 96;

FaultRule on_cable0(const FaultKind* kind) { return {.id = "r", .kind = kind, .links = {0}}; }

Duration idle(const World& world) {
  return transfer_time(world.topology, world.routes.path(NodeId{0}, NodeId{1}), Bytes{kPing});
}

TEST(NetworkFaults, LossHitsPacketsAtItsRateAndIsCounted) {
  FaultRule rule = on_cable0(&kLossFault);
  rule.options = loss_settings({.p = {100'000'000}});  // 10 %
  rule.backward = false;
  World world(rack(2), {.seed = 11, .rules = {rule}});
  constexpr int kPackets = 20'000;
  for (int i = 0; i < kPackets; ++i) world.send(0, 1, at_us(i), kPing);
  const auto frames = world.drain();
  const NetworkCounters& counters = world.network.counters();
  EXPECT_NEAR(static_cast<double>(counters.dropped_fault), kPackets * 0.1,
              5 * 42.4);  // sqrt(20000 * 0.1 * 0.9)
  EXPECT_EQ(frames.size() + counters.dropped(), static_cast<std::size_t>(kPackets));
  EXPECT_EQ(counters.delivered, frames.size());
  EXPECT_EQ(world.network.fault_counters()[0].dropped, counters.dropped_fault);
  EXPECT_EQ(world.network.port({0, 0}).dropped_fault, counters.dropped_fault);
}

TEST(NetworkFaults, DelayPutsTheArrivalOffByExactlyThat) {
  FaultRule rule = on_cable0(&kDelayFault);
  rule.options = delay_settings({microseconds(7), {}});
  World world(rack(2), {.seed = 11, .rules = {rule}});
  world.send(0, 1, at_us(1), kPing);
  const auto frames = world.drain();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].at, at_us(8) + idle(world));
}

TEST(NetworkFaults, AnHourOfDelayIsFree) {
  FaultRule rule = on_cable0(&kDelayFault);
  rule.options = delay_settings({std::chrono::hours(1), {}});
  World world(rack(2), {.seed = 11, .rules = {rule}});
  world.send(0, 1, kRunStart, kPing);
  EXPECT_EQ(world.drain().at(0).at, kRunStart + std::chrono::hours(1) + idle(world));
}

// Which of the packets sent at these instants (ps relative to `edge`) survive a window [edge, edge
// + 1 us) on the sender's cable.
std::vector<bool> survive(FaultRule rule, Instant edge, const std::vector<std::int64_t>& offsets) {
  rule.when.from = edge;
  rule.when.until = edge + microseconds(1);
  std::vector<bool> out;
  for (const std::int64_t offset : offsets) {
    World world(rack(2), {.seed = 11, .rules = {rule}});
    world.send(0, 1, edge + picoseconds(offset), kPing);
    out.push_back(world.drain().size() == 1);
  }
  return out;
}

TEST(NetworkFaults, AWindowIsExactAtBothEdges) {
  FaultRule rule = on_cable0(&kLossFault);
  rule.options = loss_settings({.p = {1'000'000'000}});
  EXPECT_EQ(survive(rule, at_us(50), {-1, 0, 999'999, 1'000'000}),
            (std::vector<bool>{true, false, false, true}));
}

TEST(NetworkFaults, ACutLinkLosesWhatIsOnItToo) {
  const FaultRule rule = on_cable0(&kLinkDownFault);
  // On the cable for 553.8 ns of latency and 32.4 ns of line time.
  EXPECT_EQ(survive(rule, at_us(50), {-586'200, -586'199, 0, 999'999, 1'000'000}),
            (std::vector<bool>{true, false, false, false, true}));
}

TEST(NetworkFaults, DownOnTheReceiversCableCountsWhenThePacketIsThere) {
  FaultRule rule{.id = "r",
                 .kind = &kLinkDownFault,
                 .links = {1},
                 .when = {.from = at_us(10), .until = at_us(11)}};
  World world(rack(2), {.seed = 11, .rules = {rule}}, 10);
  world.send(0, 1, at_us(10) - nanoseconds(1), kPing);  // comes to the second cable 852.8 ns later
  world.send(0, 1, at_us(10) + nanoseconds(200), kPing);
  EXPECT_EQ(world.drain().size(), 1u);
  const auto events = world.trace.take();
  ASSERT_GE(events.size(), 2u);
  EXPECT_EQ(events[0].kind, TraceKind::kFaultStart);
  EXPECT_EQ(events[1].kind, TraceKind::kPacketDropped);
  EXPECT_EQ(events[1].at, at_us(10) - nanoseconds(1) + nanoseconds(853) + picoseconds(800));
  EXPECT_EQ(events[1].b, 1);
  EXPECT_EQ(events[1].c, 1);
}

TEST(NetworkFaults, WindowsAreTracedOnceInOrderOfTime) {
  FaultRule late = on_cable0(&kDelayFault);
  late.when.from = at_us(30);
  FaultRule early = on_cable0(&kDelayFault);
  early.when.from = at_us(10);
  early.when.until = at_us(20);
  World world(rack(2), {.seed = 11, .rules = {late, early}}, 10);
  world.send(0, 1, at_us(15), kPing);
  world.drain();
  world.network.finish(at_us(30));
  world.network.finish(at_us(40));
  std::vector<std::pair<TraceKind, std::int64_t>> seen;
  for (const TraceEvent& event : world.trace.take()) seen.emplace_back(event.kind, event.a);
  EXPECT_EQ(seen, (std::vector<std::pair<TraceKind, std::int64_t>>{{TraceKind::kFaultStart, 1},
                                                                   {TraceKind::kFaultEnd, 1},
                                                                   {TraceKind::kFaultStart, 0}}));
}

// A packet lost on a host's cable is traced when it would have reached the switch, so the trace is
// in one order however the windows of the engine lie; its instant is when it was put on the line.
TEST(NetworkFaults, LossOnTheFirstCableIsTracedWithItsStart) {
  FaultRule rule = on_cable0(&kLossFault);
  rule.options = loss_settings({.p = {1'000'000'000}});
  World world(rack(2), {.seed = 11, .rules = {rule}}, 10);
  world.send(0, 1, at_us(3), kPing);
  EXPECT_NE(world.network.next_event(), kNever);
  EXPECT_TRUE(world.drain().empty());
  const auto events = world.trace.take();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].at, at_us(3));
  EXPECT_EQ(events[1].a, 0);
}

FaultRule all_of(std::string_view kind) {
  FaultRule rule = on_cable0(find_fault_kind(kind));
  const std::shared_ptr<void> options = rule.kind->fields.make();
  if (const Field* p = rule.kind->fields.find("p")) p->set(options.get(), {1'000'000'000});
  rule.options = collect(rule.kind->fields, options.get());
  rule.backward = false;
  return rule;
}

// Nothing appears or vanishes: what is delivered is what was sent and copied, less what was dropped.
TEST(NetworkFaults, CopiesArriveAsOftenAsTheyWereMadeAndCrossAllThatFollows) {
  World world(rack(2), {.seed = 11, .rules = {all_of("duplicate")}});
  for (int i = 0; i < 100; ++i) world.send(0, 1, at_us(i), kPing);
  const auto frames = world.drain();
  const NetworkCounters& counters = world.network.counters();
  EXPECT_EQ(counters.packets, 100u);
  EXPECT_EQ(counters.duplicated, 100u);
  EXPECT_EQ(counters.delivered, counters.packets + counters.duplicated - counters.dropped());
  EXPECT_EQ(frames.size(), 200u);
  EXPECT_EQ(world.network.port({0, 0}).packets, 100u);  // made behind the port
  EXPECT_EQ(world.network.port({1, 1}).packets, 200u);
}

TEST(NetworkFaults, AMisroutedPacketReachesTheOtherNode) {
  FaultRule rule = all_of("misroute");
  rule.sets = {{2}};
  World world(rack(3), {.seed = 11, .rules = {rule}});
  world.send(0, 1, at_us(1), kPing);
  const auto frames = world.drain();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].datagram.destination, NodeId{2});
  EXPECT_EQ(frames[0].datagram.source, NodeId{0});
}

TEST(NetworkFaults, GhostsAreDamagedByAFlag) {
  World world(rack(2), {.seed = 11, .rules = {all_of("corrupt")}});
  world.send(0, 1, at_us(1), kPing);
  const auto frames = world.drain();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_TRUE(frames[0].datagram.damaged);
}

TEST(NetworkFaults, EveryDecisionIsRecordedOnce) {
  World world(rack(2), {.seed = 11, .rules = {all_of("duplicate"), all_of("corrupt")}});
  world.network.record_firings();
  for (int i = 0; i < 3; ++i) world.send(0, 1, at_us(i), kPing);
  world.drain();
  const std::vector<FaultFiring> firings = world.network.take_firings();
  EXPECT_EQ(firings.size(), 6u);
  EXPECT_TRUE(world.network.take_firings().empty());
  for (const FaultFiring& firing : firings) EXPECT_EQ(firing.hop, (Hop{0, 0}));
}

}  // namespace
}  // namespace soliton
