// Roles joined by a perfect network that delivers in any order across pairs.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>

#include "node/traffic/traffic_kind.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

Instant at(std::int64_t us) { return kRunStart + microseconds(us); }

Traffic traffic_of(const char* kind, std::uint32_t senders, std::uint32_t count) {
  Traffic traffic = traffic_of_kind(*find_traffic_kind(kind));
  for (std::uint32_t i = 0; i < senders; ++i) traffic.senders.push_back(NodeId{i});
  traffic.receiver = NodeId{senders};
  traffic.bytes = 24;
  traffic.count = count;
  return traffic;
}

// All nodes of a workload. Messages of one pair stay in order; which pair is next is drawn.
class World {
 public:
  World(const Traffic& traffic, std::uint64_t seed) : traffic_(traffic), chance_(seed, "world") {
    for (std::uint32_t node = 0; node <= traffic.senders.size(); ++node)
      roles_.push_back(traffic_.kind->make(traffic_, {NodeId{node}, 0, nullptr}));
  }

  TrafficRole& role(std::uint32_t node) { return *roles_[node]; }

  // Until nothing moves. Every message takes a microsecond after the last.
  void run() {
    for (auto& role : roles_)
      if (role) role->start(kRunStart), role->on_deadline(kRunStart);
    std::int64_t now = 0;
    for (collect(at(0)); !flying_.empty(); collect(at(now))) {
      auto pair = flying_.begin();
      std::advance(pair, static_cast<std::ptrdiff_t>(chance_.below(ordinal_++, flying_.size())));
      const auto [from, to] = pair->first;
      Payload message = std::move(pair->second.front());
      pair->second.erase(pair->second.begin());
      if (pair->second.empty()) flying_.erase(pair);
      if (damage_one_ && !message.bytes.empty()) {
        message.bytes.back() ^= std::byte{1};
        damage_one_ = false;
      }
      roles_[to]->on_message(NodeId{from}, std::move(message), at(++now));
    }
  }

  // The next message that arrives has a bit flipped that no checksum saw.
  void damage_one() { damage_one_ = true; }

  std::vector<TrafficRecord> records() {
    std::vector<TrafficRecord> all;
    for (auto& role : roles_)
      if (role)
        for (const TrafficRecord& record : role->take_records()) all.push_back(record);
    return all;
  }

  bool all_finished() const {
    return std::all_of(roles_.begin(), roles_.end(),
                       [](const auto& role) { return !role || role->finished(); });
  }

 private:
  void collect(Instant now) {
    for (std::uint32_t node = 0; node < roles_.size(); ++node)
      while (std::optional<RoleMessage> message =
                 roles_[node] ? roles_[node]->poll_message(now) : std::nullopt)
        flying_[{node, index(message->peer)}].push_back(std::move(message->message));
  }

  const Traffic traffic_;
  Random chance_;
  std::uint64_t ordinal_ = 0;
  bool damage_one_ = false;
  std::vector<std::unique_ptr<TrafficRole>> roles_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Payload>> flying_;
};

std::int64_t damaged(const std::vector<TrafficRecord>& records) {
  return std::count_if(records.begin(), records.end(), [](const auto& r) { return r.damaged; });
}

TEST(TrafficRole, NothingMovesBeforeTheStart) {
  const Traffic traffic = traffic_of("ping", 1, 3);
  const auto role = traffic.kind->make(traffic, {NodeId{0}, 0, nullptr});
  EXPECT_EQ(role->next_deadline(), kNever);
  role->start(at(5));
  EXPECT_EQ(role->next_deadline(), at(5));
  EXPECT_FALSE(role->poll_message(at(4)));
  role->on_deadline(at(5));
  EXPECT_EQ(role->next_deadline(), kNever);
  EXPECT_TRUE(role->poll_message(at(5)));
}

TEST(TrafficRole, APingIsARoundTripAndTheNextWaitsForIt) {
  World world(traffic_of("ping", 1, 3), 1);
  world.run();
  EXPECT_TRUE(world.all_finished());
  // There and back are two microseconds in this world.
  const std::vector<TrafficRecord> expected = {
      {0, 0, at(0), at(2), false}, {0, 1, at(2), at(4), false}, {0, 2, at(4), at(6), false}};
  EXPECT_EQ(world.records(), expected);
}

TEST(TrafficRole, DamageOnEitherWayOfAPingIsSeen) {
  World there(traffic_of("ping", 1, 1), 1);
  there.damage_one();
  there.run();
  EXPECT_EQ(damaged(there.records()), 1);
  const Traffic traffic = traffic_of("ping", 1, 1);
  const auto role = traffic.kind->make(traffic, {NodeId{0}, 0, nullptr});
  role->start(at(0));
  role->on_deadline(at(0));
  ASSERT_TRUE(role->poll_message(at(0)));
  role->on_message(NodeId{1}, Payload{std::vector<std::byte>(24), 0}, at(1));
  EXPECT_EQ(damaged(role->take_records()), 1);
}

TEST(TrafficRole, ASenderStopsWhileItsTransportIsFull) {
  const Traffic traffic = traffic_of("stream", 1, 3);
  const auto role = traffic.kind->make(traffic, {NodeId{0}, 0, nullptr});
  role->start(at(0));
  role->on_deadline(at(0));
  EXPECT_TRUE(role->poll_message(at(0)));
  role->on_blocked(NodeId{1});
  EXPECT_FALSE(role->poll_message(at(1)));
  EXPECT_FALSE(role->describe_outstanding().empty());
  role->on_room(NodeId{1});
  EXPECT_TRUE(role->poll_message(at(2)));
  EXPECT_TRUE(role->poll_message(at(2)));
  EXPECT_FALSE(role->poll_message(at(2)));
  EXPECT_TRUE(role->finished());
  EXPECT_EQ(role->take_records()[1].sent, at(2));
}

TEST(TrafficRole, AnIncastIsCountedByFlow) {
  World world(traffic_of("incast", 4, 5), 2);
  world.run();
  EXPECT_TRUE(world.all_finished());
  const auto records = world.records();
  std::map<std::pair<std::uint32_t, std::uint32_t>, int> ends;
  for (const TrafficRecord& r : records) ends[{r.flow, r.number}] += r.completed != kNever;
  EXPECT_EQ(ends.size(), 20U);
  for (const auto& [message, count] : ends) EXPECT_EQ(count, 1) << message.first;
  EXPECT_EQ(damaged(records), 0);
}

TEST(TrafficRole, WhatDoesNotBelongIsRefused) {
  const Traffic traffic = traffic_of("incast", 2, 1);
  const auto role = traffic.kind->make(traffic, {NodeId{2}, 0, nullptr});
  role->on_message(NodeId{7}, Payload{{}, 24}, at(1));
  EXPECT_EQ(role->refused(), 1U);
  EXPECT_TRUE(role->take_records().empty());
  const auto sender = traffic.kind->make(traffic, {NodeId{0}, 0, nullptr});
  sender->on_message(NodeId{2}, Payload{{}, 24}, at(1));
  EXPECT_EQ(sender->refused(), 1U);
  EXPECT_EQ(traffic.kind->make(traffic, {NodeId{3}, 0, nullptr}), nullptr);
}

struct Gather {
  std::string schedule;
  std::uint32_t nodes;
};
class AllGather : public testing::TestWithParam<Gather> {};

TEST_P(AllGather, EveryNodeEndsEveryRoundWithEveryBlock) {
  Traffic traffic = traffic_of("all-gather", GetParam().nodes, 4);
  ASSERT_TRUE(set_own(traffic, "schedule", GetParam().schedule));
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    World world(traffic, seed);
    world.run();
    ASSERT_TRUE(world.all_finished()) << "seed " << seed;
    const auto records = world.records();
    EXPECT_EQ(records.size(), expected_records(traffic));
    EXPECT_EQ(damaged(records), 0) << "seed " << seed;
  }
}

TEST_P(AllGather, AFlippedBitIsSeenByWhoeverGetsTheBlock) {
  Traffic traffic = traffic_of("all-gather", GetParam().nodes, 2);
  ASSERT_TRUE(set_own(traffic, "schedule", GetParam().schedule));
  World world(traffic, 3);
  world.damage_one();
  world.run();
  EXPECT_TRUE(world.all_finished());
  EXPECT_GE(damaged(world.records()), 1);
}

TEST_P(AllGather, PairsAreThoseThatTalk) {
  Traffic traffic = traffic_of("all-gather", GetParam().nodes, 1);
  ASSERT_TRUE(set_own(traffic, "schedule", GetParam().schedule));
  const std::size_t n = GetParam().nodes;
  std::size_t expected = n * (n - 1) / 2;
  if (GetParam().schedule == "ring") expected = n == 2 ? 1 : n;
  std::size_t bits = 0;
  while ((std::size_t{1} << bits) < n) ++bits;
  if (GetParam().schedule == "doubling") expected = n * bits / 2;
  EXPECT_EQ(talking_pairs(traffic).size(), expected);
}

INSTANTIATE_TEST_SUITE_P(Schedules, AllGather,
                         testing::Values(Gather{"direct", 2}, Gather{"direct", 7},
                                         Gather{"ring", 2}, Gather{"ring", 5},
                                         Gather{"doubling", 2}, Gather{"doubling", 4},
                                         Gather{"doubling", 16}));

}  // namespace
}  // namespace soliton
