// What every carrier must do under LTL, whatever it is made of.
#include <gtest/gtest.h>

#include "tests/process/carriers/carrier_world.h"

namespace soliton {
namespace {

LtlOptions options_for(WorldKind kind) {
  LtlOptions options;
  options.credit = Bytes{128 << 10};
  if (kind == WorldKind::kSim) return options;
  // One thread plays both ends, and a busy machine may put it to sleep.
  options.timeout = milliseconds(5);
  options.timeout_rtts = 4;
  options.ack_delay = microseconds(500);
  return options;
}

FaultRule loss(double share, std::vector<std::uint32_t> links = {0, 1}) {
  FaultRule rule;
  rule.id = "loss";
  rule.kind = &kLossFault;
  rule.links = std::move(links);
  rule.options = loss_settings({.p = Probability{static_cast<std::int64_t>(share * 1e9)}});
  return rule;
}

class Conformance : public testing::TestWithParam<WorldKind> {};

void expect_delivered(const CarrierWorld& world, std::size_t to,
                      const std::vector<std::size_t>& sizes) {
  ASSERT_EQ(world.delivered(to).size(), sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i)
    ASSERT_EQ(world.delivered(to)[i], CarrierWorld::message(i, sizes[i])) << "message " << i;
}

// All both ways at once, and there.
void carry_both_ways(CarrierWorld& world, const std::vector<std::size_t>& sizes) {
  for (std::size_t i = 0; i < sizes.size(); ++i)
    for (const std::size_t from : {0, 1}) world.send(from, CarrierWorld::message(i, sizes[i]));
  ASSERT_TRUE(world.run({sizes.size(), sizes.size()}));
  expect_delivered(world, 0, sizes);
  expect_delivered(world, 1, sizes);
}

TEST_P(Conformance, MessagesOfEverySizeArriveOnceInOrderAndIntact) {
  CarrierWorld world(GetParam(), options_for(GetParam()));
  std::vector<std::size_t> sizes;
  for (std::size_t size = 0; size < 130; ++size) sizes.push_back(size);
  for (const std::size_t edge : {1407, 1408, 1409, 2816, 2817, 65'536, 300'000})
    sizes.push_back(edge);
  carry_both_ways(world, sizes);
  if (HasFatalFailure()) return;
}

TEST_P(Conformance, ABurstThatNoBufferHoldsArrivesWhole) {
  CarrierWorld world(GetParam(), options_for(GetParam()));
  const std::vector<std::size_t> sizes(3'000, 640);
  for (std::size_t i = 0; i < sizes.size(); ++i) world.send(0, CarrierWorld::message(i, sizes[i]));
  ASSERT_TRUE(world.run({0, sizes.size()}));
  expect_delivered(world, 1, sizes);
}

TEST_P(Conformance, OneInTenLostOnBothCablesIsRepaired) {
  CarrierWorld world(GetParam(), options_for(GetParam()), {loss(0.10)});
  const std::vector<std::size_t> sizes(200, 3'000);
  carry_both_ways(world, sizes);
  if (HasFatalFailure()) return;
  EXPECT_GT(world.faults_hit(), 100U);
  EXPECT_GT(world.node(0).stats().retransmitted, 20U);
}

TEST_P(Conformance, DelayAndJitterThatReorderChangeNothing) {
  FaultRule jitter;
  jitter.id = "jitter";
  jitter.kind = &kDelayFault;
  jitter.links = {0};
  jitter.options = delay_settings({microseconds(3), microseconds(40)});
  CarrierWorld world(GetParam(), options_for(GetParam()), {jitter});
  const std::vector<std::size_t> sizes(100, 5'000);
  for (std::size_t i = 0; i < sizes.size(); ++i) world.send(0, CarrierWorld::message(i, sizes[i]));
  ASSERT_TRUE(world.run({0, sizes.size()}));
  expect_delivered(world, 1, sizes);
  EXPECT_GT(world.faults_hit(), 100U);
}

TEST_P(Conformance, ACutThatHealsIsOutlived) {
  FaultRule cut;
  cut.id = "cut";
  cut.kind = &kLinkDownFault;
  cut.links = {1};
  cut.when.from = kRunStart;
  cut.when.until = kRunStart + milliseconds(30);
  CarrierWorld world(GetParam(), options_for(GetParam()), {cut});
  const std::vector<std::size_t> sizes(20, 2'000);
  for (std::size_t i = 0; i < sizes.size(); ++i) world.send(1, CarrierWorld::message(i, sizes[i]));
  ASSERT_TRUE(world.run({sizes.size(), 0}));
  expect_delivered(world, 0, sizes);
  EXPECT_GE(world.now(), cut.when.until);
  EXPECT_GT(world.node(1).stats().timeouts, 0U);
}

TEST_P(Conformance, SequencesWrapUnderLossInBothModes) {
  for (const RecoveryMode mode : {RecoveryMode::kSelective, RecoveryMode::kGoBackN}) {
    LtlOptions options = options_for(GetParam());
    options.first_sequence = 0xffff'ff9c;  // 2^32 - 100
    options.recovery = mode;
    CarrierWorld world(GetParam(), options, {loss(0.05)});
    const std::vector<std::size_t> sizes(100, 3'000);
    carry_both_ways(world, sizes);
    if (HasFatalFailure()) return;
    EXPECT_GT(world.node(0).stats().retransmitted, 0U);
  }
}

TEST_P(Conformance, ConnectionsOpenedOnTheWireWithTagsSurviveLoss) {
  LtlOptions options = options_for(GetParam());
  options.handshake = true;
  options.auth = AuthMode::kHeader;
  CarrierWorld world(GetParam(), options, {loss(0.10)});
  const std::vector<std::size_t> sizes(100, 3'000);
  carry_both_ways(world, sizes);
  if (HasFatalFailure()) return;
  for (std::size_t n = 0; n < 2; ++n) {
    EXPECT_EQ(world.node(n).stats().connections_opened, 1U);
    EXPECT_EQ(world.node(n).stats().dropped_unauthentic, 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(Carriers, Conformance,
                         testing::Values(WorldKind::kSim, WorldKind::kUdp, WorldKind::kShm),
                         [](const auto& kind) { return world_name(kind.param); });

}  // namespace
}  // namespace soliton
