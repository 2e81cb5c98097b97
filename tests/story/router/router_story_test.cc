// The Elastic Router told as stories: who goes first, when a message is there, and what a stopped
// receiver holds up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fabric/router/router.h"

namespace soliton {
namespace {

using testing::ElementsAre;

constexpr RouterPort kRole{0}, kHost{1}, kNetwork{2}, kDram{3};

// A slot of 1 ns and flits of 1 byte, so that bytes are slots.
RouterOptions simple() {
  RouterOptions o;
  o.flit = Bytes{1};
  o.slot = nanoseconds(1);
  o.buffer_flits = 32;
  o.reserved_flits = 2;
  return o;
}

struct Seen {
  std::int64_t at_ns;
  int channel;
  std::uint64_t bytes;
  bool operator==(const Seen&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Seen& s) {
    return out << "{" << s.at_ns << ", " << s.channel << ", " << s.bytes << "}";
  }
};

class Bench {
 public:
  explicit Bench(RouterOptions options = simple()) : router(4, std::move(options)) {}

  void send(RouterPort from, RouterPort to, std::uint8_t channel, std::uint64_t bytes) {
    ASSERT_TRUE(router.send(from, {to, channel, Payload{{}, bytes}}, now));
  }
  // Until nothing moves, or `end`.
  std::vector<Seen> run(Instant end = kNever) {
    std::vector<Seen> out;
    while (router.next_deadline() <= end && router.next_deadline() != kNever) {
      now = router.next_deadline();
      router.on_deadline(now);
      while (const auto d = router.poll_delivery())
        out.push_back({(now - kRunStart).count() / 1000, d->channel, d->payload.size()});
    }
    return out;
  }

  Router router;
  Instant now = kRunStart;
};

TEST(Router, AMessageTakesASlotAFlitAndOneToEnter) {
  Bench b;
  b.send(kRole, kNetwork, 1, 5);
  EXPECT_THAT(b.run(), ElementsAre(Seen{6, 1, 5}));
  EXPECT_TRUE(b.router.idle());
  EXPECT_EQ(b.router.next_deadline(), kNever);
}

TEST(Router, FlitsAreRoundedUpAndAnEmptyMessageIsOne) {
  RouterOptions o = simple();
  o.flit = Bytes{32};
  Bench b(o);
  b.send(kRole, kHost, 1, 33);
  EXPECT_THAT(b.run(), ElementsAre(Seen{3, 1, 33}));
  b.send(kRole, kHost, 1, 0);
  EXPECT_THAT(b.run(), ElementsAre(Seen{5, 1, 0}));
}

TEST(Router, AMessageMayTurnBackToItsPort) {
  Bench b;
  b.send(kRole, kRole, 1, 3);
  EXPECT_THAT(b.run(), ElementsAre(Seen{4, 1, 3}));
}

TEST(Router, AMessageLargerThanTheBufferPasses) {
  Bench b;
  b.send(kHost, kDram, 1, 1000);
  EXPECT_THAT(b.run(), ElementsAre(Seen{1001, 1, 1000}));
}

TEST(Router, OutputsWorkAtTheSameTime) {
  Bench b;
  b.send(kRole, kNetwork, 1, 10);
  b.send(kHost, kDram, 1, 10);
  EXPECT_THAT(b.run(), ElementsAre(Seen{11, 1, 10}, Seen{11, 1, 10}));
}

TEST(Router, ControlOvertakesData) {
  Bench b;
  b.send(kHost, kNetwork, 1, 100);
  b.send(kRole, kNetwork, 1, 100);
  b.run(kRunStart + nanoseconds(20));
  b.send(kDram, kNetwork, 0, 4);
  EXPECT_EQ(b.run()[0], (Seen{25, 0, 4}));
}

TEST(Router, InputsTakeTurnsMessageByMessage) {
  Bench b;
  for (int i = 0; i < 2; ++i) {
    b.send(kRole, kNetwork, 1, 10);
    b.send(kHost, kNetwork, 1, 11);
  }
  std::vector<std::uint64_t> order;
  for (const Seen& s : b.run()) order.push_back(s.bytes);
  EXPECT_THAT(order, testing::AnyOf(ElementsAre(10, 11, 10, 11), ElementsAre(11, 10, 11, 10)));
}

TEST(Router, ChannelsShareAnOutputByWeight) {
  RouterOptions o = simple();
  o.weights = {3, 1};
  Bench b(o);
  b.send(kRole, kNetwork, 1, 300);
  b.send(kHost, kNetwork, 2, 300);
  const auto seen = b.run();
  // Channel 1 has three slots of four until it is done, after 400; channel 2 the rest.
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].channel, 1);
  EXPECT_NEAR(static_cast<double>(seen[0].at_ns), 401, 2);
  EXPECT_NEAR(static_cast<double>(seen[1].at_ns), 601, 2);
}

// Elastic: one channel may have all that is shared, and the others keep what is theirs.
TEST(Router, AStoppedChannelTakesTheSharedCreditsAndNoMore) {
  Bench b;
  b.router.stop(kNetwork, 1, true, b.now);
  b.send(kRole, kNetwork, 1, 1000);
  EXPECT_THAT(b.run(), ElementsAre());
  EXPECT_EQ(b.router.credits(kRole).used(1), 32 - 4 * 2 + 2u);
  EXPECT_EQ(b.router.credits(kRole).room(2), 2u);
  // Event: another channel of the same port, and the control channel. Expect: both pass.
  const Instant from = b.now;
  b.send(kRole, kNetwork, 2, 20);
  b.send(kRole, kHost, 0, 3);
  const auto seen = b.run();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].channel, 0);
  EXPECT_EQ(seen[1].channel, 2);
  EXPECT_LE(seen[1].at_ns - (from - kRunStart).count() / 1000, 50);
  // Event: the receiver goes on. Expect: the long message arrives.
  b.router.stop(kNetwork, 1, false, b.now);
  EXPECT_EQ(b.run().back().bytes, 1000u);
  EXPECT_EQ(b.router.credits(kRole).used(), 0u);
}

TEST(Router, AFullQueueIsSaidByName) {
  RouterOptions o = simple();
  o.queue_messages = 2;
  Bench b(o);
  b.send(kRole, kHost, 1, 5);
  b.send(kRole, kHost, 1, 5);
  const Status full = b.router.send(kRole, {kHost, 1, Payload{{}, 5}}, b.now);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::kWouldBlock);
  b.run();
  EXPECT_TRUE(b.router.send(kRole, {kHost, 1, Payload{{}, 5}}, b.now));
}

TEST(Router, BytesArriveAsTheyWere) {
  Bench b;
  Payload payload;
  for (int i = 0; i < 70; ++i) payload.bytes.push_back(static_cast<std::byte>(i));
  payload.ghost = 9;
  ASSERT_TRUE(b.router.send(kRole, {kHost, 1, payload}, b.now));
  while (b.router.next_deadline() != kNever) b.router.on_deadline(b.router.next_deadline());
  EXPECT_EQ(b.router.poll_delivery()->payload, payload);
}

}  // namespace
}  // namespace soliton
