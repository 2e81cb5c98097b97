// Records of a communication workload on their way into results.
#include "cluster/manager/traffic.h"

#include <gtest/gtest.h>

#include "node/traffic/traffic_kind.h"

namespace soliton {
namespace {

Instant at(std::int64_t us) { return kRunStart + microseconds(us); }

Traffic incast(std::uint32_t senders, std::uint32_t count, std::uint64_t bytes) {
  Traffic traffic = traffic_of_kind(*find_traffic_kind("incast"));
  for (std::uint32_t i = 0; i < senders; ++i) traffic.senders.push_back(NodeId{i});
  traffic.receiver = NodeId{senders};
  traffic.bytes = bytes;
  traffic.count = count;
  return traffic;
}

TEST(JoinRecords, BothEndsMakeOneRequest) {
  const auto joined = join_records(incast(2, 2, 10), {{1, 0, at(3), kNever, false},
                                                      {0, 0, at(1), kNever, false},
                                                      {0, 0, kNever, at(5), false},
                                                      {1, 0, kNever, at(4), true},
                                                      {0, 1, at(6), kNever, false}});
  ASSERT_EQ(joined.size(), 2U);  // message 1 of flow 0 never came
  EXPECT_EQ(joined[0].request, RequestId{0});
  EXPECT_EQ(joined[0].completed - joined[0].sent, microseconds(4));
  EXPECT_EQ(joined[0].path.total(), microseconds(4));
  EXPECT_TRUE(*joined[0].matches);
  EXPECT_EQ(joined[1].request, RequestId{1});
  EXPECT_EQ(joined[1].client, 1U);
  EXPECT_FALSE(*joined[1].matches);
}

TEST(JoinRecords, WithoutContentsNothingIsClaimedOfThem) {
  Traffic traffic = incast(1, 1, 10);
  traffic.contents = false;
  const auto joined =
      join_records(traffic, {{0, 0, at(1), kNever, false}, {0, 0, kNever, at(2), false}});
  ASSERT_EQ(joined.size(), 1U);
  EXPECT_FALSE(joined[0].matches.has_value());
}

std::vector<RequestRecord> deliveries(const std::vector<std::pair<std::uint32_t, int>>& ends) {
  std::vector<RequestRecord> out;
  for (const auto& [flow, us] : ends) {
    RequestRecord r;
    r.client = flow;
    r.sent = kRunStart;
    r.completed = at(us);
    out.push_back(r);
  }
  return out;
}

TEST(Summarise, GoodputIsPayloadOverTheTimeItTook) {
  // 4 messages of 1,250 bytes in 1 us: 40 Gb/s. Each goes in two packets of 98 bytes more.
  const TrafficLine line{BitRate{100'000'000'000}, 1000, 98};
  const TrafficResult result = summarise(incast(2, 2, 1250), {"a", "b", "c"},
                                         deliveries({{0, 1}, {0, 1}, {1, 1}, {1, 1}}), line);
  EXPECT_DOUBLE_EQ(result.goodput_gbps, 40);
  EXPECT_DOUBLE_EQ(*result.line_gbps, 100);
  EXPECT_DOUBLE_EQ(*result.line_share, (4 * 1250 + 8 * 98) * 8e-3 / 100);
  ASSERT_EQ(result.flows.size(), 2U);
  EXPECT_EQ(result.flows[1].from, "b");
  EXPECT_EQ(result.flows[1].to, "c");
  EXPECT_DOUBLE_EQ(result.flows[1].goodput_gbps, 20);
}

TEST(Summarise, FairnessIsJainsWhileAllSend) {
  // Until 8 us, when flow 1 ends: 3 against 1. (3+1)^2 / (2 (9+1)) = 0.8.
  const TrafficResult unfair =
      summarise(incast(2, 4, 10), {"a", "b", "c"},
                deliveries({{0, 2}, {0, 4}, {0, 6}, {1, 8}, {0, 10}}), std::nullopt);
  EXPECT_DOUBLE_EQ(*unfair.fairness, 0.8);
  EXPECT_FALSE(unfair.fairness_settled.has_value());
  EXPECT_FALSE(unfair.line_share.has_value());
}

TEST(Summarise, FairnessAfterFiveMillisecondsForgetsTheStart) {
  const TrafficResult result = summarise(
      incast(2, 4, 10), {"a", "b", "c"},
      deliveries({{0, 1}, {0, 2}, {0, 3}, {1, 6'000}, {0, 6'500}, {1, 7'000}, {0, 7'000}}),
      std::nullopt);
  EXPECT_DOUBLE_EQ(*result.fairness_settled, 1);
  EXPECT_LT(*result.fairness, 0.95);
}

TEST(Summarise, NothingDeliveredIsZero) {
  const TrafficResult result = summarise(incast(2, 4, 10), {"a", "b", "c"}, {}, std::nullopt);
  EXPECT_EQ(result.bytes, 0U);
  EXPECT_EQ(result.goodput_gbps, 0);
  EXPECT_EQ(result.flows.size(), 2U);
}

}  // namespace
}  // namespace soliton
