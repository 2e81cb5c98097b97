#include "node/service/faulty_role.h"

#include <gtest/gtest.h>

#include "protocol/control/data_message.h"

namespace soliton {
namespace {

// Answers each message after a microsecond.
class Echo final : public Role {
 public:
  void on_message(NodeId peer, Payload message, Instant now) override {
    due_.push_back({later(now, microseconds(1)), {peer, std::move(message)}});
  }
  std::optional<RoleMessage> poll_message(Instant now) override {
    if (due_.empty() || due_.front().first > now) return std::nullopt;
    RoleMessage out = std::move(due_.front().second);
    due_.pop_front();
    return out;
  }
  Instant next_deadline() const override { return due_.empty() ? kNever : due_.front().first; }
  void on_deadline(Instant) override {}
  std::vector<std::string> describe_outstanding() const override { return {}; }

 private:
  std::deque<std::pair<Instant, RoleMessage>> due_;
};

Instant at_us(std::int64_t us) { return kRunStart + microseconds(us); }

struct Faulty : testing::Test {
  FaultyRole role{std::make_unique<Echo>(), true};

  static Payload data() {
    return pack_data({}, Payload{std::vector<std::byte>(8, std::byte{0x40}), 0});
  }
  // When the answer to a message at `sent` leaves.
  Instant answered(Instant sent) {
    role.on_message(NodeId{1}, data(), sent);
    for (Instant t = sent;; t = std::max(later(t, nanoseconds(1)), role.next_deadline())) {
      if (role.next_deadline() <= t) role.on_deadline(t);
      if (role.poll_message(t)) return t;
    }
  }
};

TEST_F(Faulty, WithoutFaultsItIsNotThere) { EXPECT_EQ(answered(at_us(5)), at_us(6)); }

TEST_F(Faulty, ASlowRoleTakesItsFactorAndSaysThatItComputed) {
  NodeCondition slow;
  slow.slowness = 10'000;
  role.set_condition(slow, at_us(0));
  role.on_message(NodeId{1}, data(), at_us(5));
  EXPECT_EQ(role.next_deadline(), at_us(6));
  role.on_deadline(at_us(6));
  EXPECT_FALSE(role.poll_message(at_us(6)).has_value());
  EXPECT_EQ(role.next_deadline(), at_us(15));
  const auto out = role.poll_message(at_us(15));
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(unpack_data(out->message)->header.path.compute, microseconds(9));
  role.set_condition({}, at_us(20));
  EXPECT_EQ(answered(at_us(30)), at_us(31));
}

TEST_F(Faulty, AHungRoleTakesNothingAndGoesOnWhereItWas) {
  role.on_message(NodeId{1}, data(), at_us(1));
  NodeCondition hung;
  hung.hangs = true;
  role.set_condition(hung, at_us(1));
  EXPECT_EQ(role.waiting(at_us(1)), 0u);  // nothing is due yet
  EXPECT_EQ(role.waiting(at_us(2)), 1u);
  role.on_message(NodeId{2}, data(), at_us(3));
  EXPECT_EQ(role.waiting(at_us(3)), 2u);
  EXPECT_EQ(role.next_deadline(), kNever);
  EXPECT_FALSE(role.poll_message(at_us(9)).has_value());
  const std::uint64_t progress = role.progress();
  role.set_condition({}, at_us(10));
  EXPECT_EQ(role.waiting(at_us(10)), 0u);
  EXPECT_EQ(role.progress(), progress + 1);
  EXPECT_EQ(role.poll_message(at_us(10))->peer, NodeId{1});
  EXPECT_EQ(role.poll_message(at_us(11))->peer, NodeId{2});
}

TEST_F(Faulty, AWrongBitIsInTheLastVectorOfSoManyMessages) {
  NodeCondition wrong;
  wrong.wrong_messages = 2;
  role.set_condition(wrong, at_us(0));
  const Payload good = data();
  for (int i = 0; i < 3; ++i) {
    role.on_message(NodeId{1}, data(), at_us(i));
    const auto out = role.poll_message(at_us(i + 1));
    ASSERT_TRUE(out.has_value());
    std::size_t differ = 0;
    for (std::size_t b = 0; b < good.bytes.size(); ++b)
      differ += good.bytes[b] != out->message.bytes[b];
    EXPECT_EQ(differ, i < 2 ? 1u : 0u);
    EXPECT_EQ(out->message.bytes.back() != std::byte{0x40}, i < 2);
  }
}

}  // namespace
}  // namespace soliton
