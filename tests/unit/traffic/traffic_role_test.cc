// Roles joined by a perfect network that delivers in any order across pairs.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <set>

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
    for (std::uint32_t node = 0; node <= traffic.senders.size() + 1; ++node)
      roles_.push_back(make_traffic_role(traffic_, {NodeId{node}, 0, nullptr}));
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
      if (damaged_ == messages_++) message.bytes.back() ^= std::byte{1};
      bytes_ += message.size();
      talked_.insert({NodeId{std::min(from, to)}, NodeId{std::max(from, to)}});
      roles_[to]->on_message(NodeId{from}, std::move(message), at(++now));
    }
  }

  // The message that arrives as number `message` has a bit flipped that no checksum saw.
  void damage(std::uint64_t message) { damaged_ = message; }
  std::uint64_t messages() const { return messages_; }
  std::uint64_t bytes_sent() const { return bytes_; }
  std::vector<std::pair<NodeId, NodeId>> talked() const { return {talked_.begin(), talked_.end()}; }

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
  std::uint64_t damaged_ = UINT64_MAX, messages_ = 0, bytes_ = 0;
  std::set<std::pair<NodeId, NodeId>> talked_;
  std::vector<std::unique_ptr<TrafficRole>> roles_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Payload>> flying_;
};

std::int64_t damaged(const std::vector<TrafficRecord>& records) {
  return std::count_if(records.begin(), records.end(), [](const auto& r) { return r.damaged; });
}

TEST(TrafficRole, NothingMovesBeforeTheStart) {
  const Traffic traffic = traffic_of("ping", 1, 3);
  const auto role = make_traffic_role(traffic, {NodeId{0}, 0, nullptr});
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
  there.damage(0);
  there.run();
  EXPECT_EQ(damaged(there.records()), 1);
  const Traffic traffic = traffic_of("ping", 1, 1);
  const auto role = make_traffic_role(traffic, {NodeId{0}, 0, nullptr});
  role->start(at(0));
  role->on_deadline(at(0));
  ASSERT_TRUE(role->poll_message(at(0)));
  role->on_message(NodeId{1}, Payload{std::vector<std::byte>(24), 0}, at(1));
  EXPECT_EQ(damaged(role->take_records()), 1);
}

TEST(TrafficRole, ASenderStopsWhileItsTransportIsFull) {
  const Traffic traffic = traffic_of("stream", 1, 3);
  const auto role = make_traffic_role(traffic, {NodeId{0}, 0, nullptr});
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
  const auto role = make_traffic_role(traffic, {NodeId{2}, 0, nullptr});
  role->on_message(NodeId{7}, Payload{{}, 24}, at(1));
  EXPECT_EQ(role->refused(), 1U);
  EXPECT_TRUE(role->take_records().empty());
  const auto sender = make_traffic_role(traffic, {NodeId{0}, 0, nullptr});
  sender->on_message(NodeId{2}, Payload{{}, 24}, at(1));
  EXPECT_EQ(sender->refused(), 1U);
  EXPECT_EQ(make_traffic_role(traffic, {NodeId{3}, 0, nullptr}), nullptr);
}

// Every kind that goes by a schedule, with each of its schedules.
struct Played {
  const char* kind;
  const char* schedule;  // "": it has none
  std::uint32_t ranks;
  std::uint64_t bytes;
};
class Collectives : public testing::TestWithParam<Played> {
 protected:
  static Traffic traffic(std::uint32_t rounds) {
    const Played& played = GetParam();
    Traffic out = traffic_of_kind(*find_traffic_kind(played.kind));
    const bool rooted = out.kind->has_receiver;
    // Nodes in an order of their own, the root in the middle.
    for (std::uint32_t i = played.ranks; i-- > 0;)
      if (!rooted || i != played.ranks / 2) out.senders.push_back(NodeId{i});
    out.receiver = NodeId{played.ranks / 2};
    out.bytes = played.bytes;
    out.count = rounds;
    if (*played.schedule != 0) {
      EXPECT_TRUE(set_own(out, "schedule", played.schedule));
    }
    return out;
  }
};

TEST_P(Collectives, EveryRoundEndsWithWhatItMustBe) {
  const Traffic played = traffic(4);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    World world(played, seed);
    world.run();
    ASSERT_TRUE(world.all_finished()) << "seed " << seed;
    const auto records = world.records();
    EXPECT_EQ(damaged(records), 0) << "seed " << seed;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::pair<int, int>> ends;
    for (const TrafficRecord& r : records) {
      auto& [sent, completed] = ends[{r.flow, r.number}];
      sent += r.sent != kNever;
      completed += r.completed != kNever;
    }
    EXPECT_EQ(ends.size(), expected_records(played));
    for (const auto& [record, count] : ends) EXPECT_EQ(count, std::pair(1, 1)) << record.first;
  }
}

TEST_P(Collectives, WhatANodeCompletesIsWhatItIsAskedFor) {
  const Traffic played = traffic(3);
  std::uint64_t all = 0;
  for (const NodeId node : nodes_of(played)) all += completed_at(played, node);
  EXPECT_EQ(all, expected_records(played));
}

TEST_P(Collectives, SizesWithoutBytesGoTheSameWay) {
  Traffic played = traffic(3);
  World real(played, 5);
  real.run();
  played.contents = false;
  World ghosts(played, 5);
  ghosts.run();
  EXPECT_TRUE(ghosts.all_finished());
  EXPECT_EQ(ghosts.records(), real.records());
  EXPECT_EQ(ghosts.bytes_sent(), real.bytes_sent());
}

TEST_P(Collectives, AFlippedBitAnywhereIsSeen) {
  const Traffic played = traffic(2);
  World undamaged(played, 3);
  undamaged.run();
  for (std::uint64_t message = 0; message < undamaged.messages(); ++message) {
    World world(played, 3);
    world.damage(message);
    world.run();
    EXPECT_TRUE(world.all_finished());
    EXPECT_GE(damaged(world.records()), 1) << "message " << message;
  }
}

TEST_P(Collectives, PairsAreThoseThatTalk) {
  const Traffic played = traffic(2);
  World world(played, 1);
  world.run();
  const auto talked = world.talked(), pairs = talking_pairs(played);
  EXPECT_TRUE(std::includes(pairs.begin(), pairs.end(), talked.begin(), talked.end()));
  // Of a vector with fewer words than ranks some parts are empty.
  if (played.bytes >= std::uint64_t{8} * GetParam().ranks) {
    EXPECT_EQ(talked, pairs);
  }
}

std::vector<Played> all_played() {
  std::vector<Played> out;
  for (const std::uint32_t ranks : {2U, 3U, 4U, 5U, 7U, 8U, 16U})
    for (const std::uint64_t bytes : {1U, 8U, 24U, 61U, 512U, 1'001U})
      for (const auto& [kind, schedule] : {std::pair("all-gather", "direct"),
                                           {"all-gather", "ring"},
                                           {"all-gather", "doubling"},
                                           {"all-to-all", "direct"},
                                           {"all-to-all", "pairwise"},
                                           {"all-reduce", "ring"},
                                           {"all-reduce", "halving-doubling"},
                                           {"all-reduce", "tree"},
                                           {"reduce-scatter", "ring"},
                                           {"reduce-scatter", "halving-doubling"},
                                           {"reduce-scatter", "tree"},
                                           {"broadcast", "ring"},
                                           {"broadcast", "tree"},
                                           {"pipeline", ""},
                                           {"token", ""}})
        if (std::has_single_bit(ranks) ||
            std::string_view(schedule).find("doubling") == std::string_view::npos)
          out.push_back({kind, schedule, ranks, bytes});
  return out;
}
std::string played_name(const testing::TestParamInfo<Played>& info) {
  std::string name = fmt::format("{}_{}_{}_{}", info.param.kind, info.param.schedule,
                                 info.param.ranks, info.param.bytes);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(All, Collectives, testing::ValuesIn(all_played()), played_name);

TEST(Collective, MessagesOfABlockedPeerWaitAndOthersGoOn) {
  Traffic traffic = traffic_of("all-to-all", 4, 1);
  const auto role = make_traffic_role(traffic, {NodeId{0}, 0, nullptr});
  role->start(at(0));
  role->on_deadline(at(0));
  role->on_blocked(NodeId{1});
  EXPECT_EQ(role->poll_message(at(0))->peer, NodeId{2});
  EXPECT_EQ(role->poll_message(at(0))->peer, NodeId{3});
  EXPECT_FALSE(role->poll_message(at(0)));
  role->on_room(NodeId{1});
  EXPECT_EQ(role->poll_message(at(1))->peer, NodeId{1});
  EXPECT_FALSE(role->finished());
}

// A root that receives nothing would otherwise make all its rounds at once.
TEST(Collective, ARootIsAtMostARoundAheadOfItsMessages) {
  Traffic traffic = traffic_of("broadcast", 1, 1'000'000);
  traffic.senders = {NodeId{1}};
  traffic.receiver = NodeId{0};
  const auto role = make_traffic_role(traffic, {NodeId{0}, 0, nullptr});
  role->start(at(0));
  role->on_deadline(at(0));
  role->on_blocked(NodeId{1});
  EXPECT_FALSE(role->poll_message(at(0)));
  EXPECT_EQ(role->describe_outstanding().front().substr(0, 5), "2 of ");
  role->on_room(NodeId{1});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(role->poll_message(at(1)));
}

class Permutations : public testing::TestWithParam<std::uint32_t> {};

TEST_P(Permutations, EveryNodeSendsToOneOtherAndReceivesFromOne) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Traffic traffic = traffic_of("permutation", GetParam(), 3);
    traffic.seed = seed;
    std::set<NodeId> receivers;
    for (std::uint32_t flow = 0; flow < GetParam(); ++flow) {
      const FlowEnds ends = ends_of(traffic, flow);
      EXPECT_NE(ends.from, *ends.to);
      receivers.insert(*ends.to);
    }
    EXPECT_EQ(receivers.size(), GetParam());
    World world(traffic, seed);
    world.run();
    EXPECT_TRUE(world.all_finished());
    EXPECT_EQ(damaged(world.records()), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Permutations, testing::Values(2, 3, 4, 5, 16, 17, 100));

TEST(Permutation, OtherSeedsGiveOtherPermutations) {
  std::set<std::vector<std::uint32_t>> seen;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Traffic traffic = traffic_of("permutation", 16, 1);
    traffic.seed = seed;
    std::vector<std::uint32_t> receivers;
    for (std::uint32_t flow = 0; flow < 16; ++flow)
      receivers.push_back(index(*ends_of(traffic, flow).to));
    seen.insert(receivers);
  }
  EXPECT_EQ(seen.size(), 20U);
}

TEST(Permutation, AShiftIsSoManyPlaces) {
  Traffic traffic = traffic_of("permutation", 5, 1);
  ASSERT_TRUE(set_own(traffic, "shift", "2"));
  EXPECT_EQ(*ends_of(traffic, 4).to, NodeId{1});
  EXPECT_EQ(title_of(traffic), "permutation (shift 2)");
}

}  // namespace
}  // namespace soliton
