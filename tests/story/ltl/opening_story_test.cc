// Two incarnations of two nodes: how they agree on a connection, and who is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "protocol/wire/handshake.h"
#include "tests/story/ltl/story.h"

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = LtlEvent::Kind;

LtlIdentity incarnation(std::uint32_t epoch) {
  LtlIdentity who;
  who.run_id = 77;
  who.epoch = epoch;
  who.image_hash = 0xabcd;
  for (std::size_t i = 0; i < who.key.size(); ++i) who.key[i] = static_cast<std::byte>(i * 11);
  return who;
}

LtlOptions with_handshake() {
  LtlOptions o;
  o.handshake = true;
  return o;
}

// Two nodes with one connection, packets in the hand of the test.
class Nodes {
 public:
  explicit Nodes(LtlOptions options = with_handshake()) : options_(std::move(options)) {
    start(0, incarnation(1));
    start(1, incarnation(1));
  }

  void start(std::size_t n, const LtlIdentity& who) { start(n, who, options_); }
  void start(std::size_t n, const LtlIdentity& who, const LtlOptions& options) {
    const auto self = NodeId{static_cast<std::uint32_t>(n)};
    const auto peer = NodeId{static_cast<std::uint32_t>(1 - n)};
    ends_[n] = std::make_unique<Ltl>(self, options, std::vector<LtlConnection>{{peer, 0, 0, 1}},
                                     nullptr, who);
  }
  Ltl& end(std::size_t n) { return *ends_[n]; }
  Instant now() const { return now_; }
  void wait(Duration d) {
    now_ += d;
    for (auto& end : ends_)
      if (end->next_deadline() <= now_) end->on_deadline(now_);
  }
  void send(std::size_t from, std::size_t bytes) {
    ASSERT_TRUE(ends_[from]->send(kRow0, Story::message(bytes), now_));
  }
  std::vector<Datagram> take(std::size_t from) {
    std::vector<Datagram> out;
    while (auto datagram = ends_[from]->poll_output(now_)) out.push_back(std::move(*datagram));
    return out;
  }
  void give(std::size_t to, const std::vector<Datagram>& packets) {
    for (const Datagram& d : packets) ends_[to]->on_input(d, now_);
  }
  // Everything both want to say, until they are quiet.
  void talk() {
    for (int turn = 0; turn < 20; ++turn)
      for (std::size_t n = 0; n < 2; ++n) give(1 - n, take(n));
  }
  std::vector<Kind> events(std::size_t n) {
    std::vector<Kind> out;
    while (const auto event = ends_[n]->poll_event()) out.push_back(event->kind);
    return out;
  }
  std::vector<Payload> delivered(std::size_t n) {
    std::vector<Payload> out;
    while (auto delivery = ends_[n]->poll_delivery()) out.push_back(std::move(delivery->message));
    return out;
  }

 private:
  LtlOptions options_;
  std::array<std::unique_ptr<Ltl>, 2> ends_;
  Instant now_ = kRunStart + milliseconds(1);
};

PacketKind kind_of(const Datagram& d) { return decode(d.payload.bytes)->kind; }

TEST(LtlOpening, TheFirstMessageOpensTheConnectionInOneExchange) {
  Nodes n;
  EXPECT_FALSE(n.end(0).is_open(kRow0));
  n.send(0, 10);
  const auto open = n.take(0);
  ASSERT_THAT(open, SizeIs(1));
  EXPECT_EQ(kind_of(open[0]), PacketKind::kOpen);
  EXPECT_EQ(decode(open[0].payload.bytes)->cookie, 0);
  n.give(1, open);
  const auto opened = n.take(1);
  ASSERT_THAT(opened, SizeIs(1));
  EXPECT_EQ(kind_of(opened[0]), PacketKind::kOpened);
  EXPECT_LE(opened[0].payload.size(), open[0].payload.size()) << "no amplification";
  n.give(0, opened);
  EXPECT_TRUE(n.end(0).is_open(kRow0));
  const auto data = n.take(0);
  ASSERT_THAT(data, SizeIs(1));
  EXPECT_EQ(kind_of(data[0]), PacketKind::kData);
  n.give(1, data);
  EXPECT_THAT(n.delivered(1), ElementsAre(Story::message(10)));
  EXPECT_THAT(n.events(0), ElementsAre(Kind::kOpened));
  EXPECT_THAT(n.events(1), ElementsAre(Kind::kOpened));
  n.talk();
  n.wait(microseconds(4));
  n.talk();
  EXPECT_EQ(n.end(0).next_deadline(), kNever);
  EXPECT_EQ(n.end(1).next_deadline(), kNever);
}

TEST(LtlOpening, OpenedWithoutAMessageBothAreQuietAfterwards) {
  Nodes n;
  n.end(0).open(kRow0, n.now());
  n.talk();
  EXPECT_TRUE(n.end(0).is_open(kRow0));
  EXPECT_TRUE(n.end(1).is_open(kRow0));
  EXPECT_EQ(n.end(0).next_deadline(), kNever);
  EXPECT_EQ(n.end(1).next_deadline(), kNever);
}

TEST(LtlOpening, BothMayOpenAtOnce) {
  Nodes n;
  n.send(0, 10);
  n.send(1, 20);
  const auto a = n.take(0), b = n.take(1);
  n.give(1, a);
  n.give(0, b);
  n.talk();
  EXPECT_THAT(n.delivered(1), ElementsAre(Story::message(10)));
  EXPECT_THAT(n.delivered(0), ElementsAre(Story::message(20)));
  EXPECT_EQ(n.end(0).stats().connections_opened, 1u);
  EXPECT_EQ(n.end(1).stats().connections_opened, 1u);
}

TEST(LtlOpening, LostPacketsOfTheHandshakeAreRepeatedAtGrowingIntervals) {
  Nodes n;
  n.send(0, 10);
  std::vector<std::int64_t> gaps_us;
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(n.take(0), SizeIs(1));
    const Duration gap = n.end(0).next_deadline() - n.now();
    gaps_us.push_back(gap.count() / 1'000'000);
    n.wait(gap);
  }
  EXPECT_THAT(gaps_us, ElementsAre(50, 100, 200, 400, 800));
  // The answer is lost as well.
  n.give(1, n.take(0));
  n.take(1);
  n.wait(n.end(0).next_deadline() - n.now());
  n.talk();
  EXPECT_THAT(n.delivered(1), ElementsAre(Story::message(10)));
}

// Whoever answers sends nothing of its own before the other has shown that it is there now.
TEST(LtlOpening, AnswererHoldsItsMessagesUntilTheOpenerIsHeard) {
  Nodes n;
  n.send(0, 10);
  n.give(1, n.take(0));
  n.send(1, 20);
  auto opened = n.take(1);
  ASSERT_THAT(opened, SizeIs(1));
  EXPECT_EQ(kind_of(opened[0]), PacketKind::kOpened);
  n.give(0, opened);
  n.talk();
  EXPECT_THAT(n.delivered(0), ElementsAre(Story::message(20)));
}

TEST(LtlOpening, AnAnswererWithMessagesAsksAgainWhenTheConfirmationIsLost) {
  Nodes n;
  n.end(0).open(kRow0, n.now());
  n.give(1, n.take(0));
  n.give(0, n.take(1));
  n.take(0);  // the ACK is lost
  n.wait(microseconds(60));
  EXPECT_THAT(n.take(1), IsEmpty()) << "it has nothing to say, so it does not ask";
  EXPECT_EQ(n.end(1).next_deadline(), kNever);
  n.send(1, 20);
  EXPECT_THAT(n.take(1), IsEmpty());
  n.wait(microseconds(50));
  const auto again = n.take(1);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(kind_of(again[0]), PacketKind::kOpen);
  n.give(0, again);
  n.talk();
  EXPECT_THAT(n.delivered(0), ElementsAre(Story::message(20)));
}

TEST(LtlOpening, NothingIsAnsweredWithoutTheKey) {
  Nodes n;
  LtlIdentity stranger = incarnation(5);
  stranger.key[3] ^= std::byte{1};
  n.start(0, stranger);
  n.send(0, 10);
  n.give(1, n.take(0));
  EXPECT_THAT(n.take(1), IsEmpty());
  EXPECT_THAT(n.events(1), IsEmpty());
  EXPECT_EQ(n.end(1).next_deadline(), kNever) << "no state";
  EXPECT_EQ(n.end(1).stats().dropped_unauthentic, 1u);
}

TEST(LtlOpening, EveryChangedBitOfAnOpenIsRefused) {
  Nodes n;
  n.send(0, 10);
  const auto open = n.take(0);
  const std::size_t bits = 8 * open[0].payload.bytes.size();
  for (std::size_t bit = 0; bit < bits; ++bit) {
    Datagram bad = open[0];
    bad.payload.bytes[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    const auto header = decode(bad.payload.bytes);
    if (bit / 8 >= kLtlHeaderSize && header) seal(bad.payload);
    n.give(1, {bad});
    EXPECT_THAT(n.take(1), IsEmpty()) << "bit " << bit;
  }
  EXPECT_EQ(n.end(1).stats().connections_opened, 0u);
  EXPECT_GE(n.end(1).stats().dropped_unauthentic, 8 * OpenBody::kSize);
}

struct Mismatch {
  const char* name;
  void (*change)(LtlIdentity&, LtlOptions&);
  ResetReason reason;
};

class LtlRefusal : public testing::TestWithParam<Mismatch> {};

TEST_P(LtlRefusal, IsSaidWithItsReason) {
  Nodes n;
  LtlIdentity who = incarnation(1);
  LtlOptions options = with_handshake();
  GetParam().change(who, options);
  n.start(0, who, options);
  n.send(0, 10);
  n.talk();
  const auto event = n.end(0).poll_event();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, Kind::kRefused);
  EXPECT_EQ(event->detail, static_cast<std::uint32_t>(GetParam().reason));
  EXPECT_EQ(n.end(0).send(kRow0, Story::message(1), n.now()).error().code, ErrorCode::kBroken);
  EXPECT_TRUE(n.end(0).idle());
  EXPECT_EQ(n.end(0).next_deadline(), kNever);
  EXPECT_THAT(n.events(1), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Reasons, LtlRefusal,
    testing::Values(Mismatch{"image", [](LtlIdentity& who, LtlOptions&) { who.image_hash ^= 1; },
                             ResetReason::kImage},
                    Mismatch{"mtu", [](LtlIdentity&, LtlOptions& o) { o.mtu = 1000; },
                             ResetReason::kParameters},
                    Mismatch{"window", [](LtlIdentity&, LtlOptions& o) { o.window = 64; },
                             ResetReason::kParameters},
                    Mismatch{
                        "recovery",
                        [](LtlIdentity&, LtlOptions& o) { o.recovery = RecoveryMode::kGoBackN; },
                        ResetReason::kParameters}),
    [](const auto& test) { return test.param.name; });

TEST(LtlOpening, AnotherRunIsStale) {
  Nodes n;
  LtlIdentity other = incarnation(1);
  other.run_id = 78;
  n.start(0, other);
  n.send(0, 10);
  n.give(1, n.take(0));
  EXPECT_THAT(n.take(1), IsEmpty());
  EXPECT_EQ(n.end(1).stats().dropped_stale, 1u);
}

// --- incarnations

TEST(LtlIncarnations, ARestartedPeerOpensAgainAndOldPacketsAreStale) {
  Nodes n;
  n.send(0, 10);
  n.talk();
  EXPECT_THAT(n.delivered(1), SizeIs(1));
  n.events(1);
  // Past: a packet of the first incarnation is still under way.
  n.send(0, 30);
  const auto old = n.take(0);
  // Event: the node restarts and opens again.
  n.start(0, incarnation(2));
  n.send(0, 20);
  n.talk();
  // Expect: only what the new one said; the old packet changes nothing, however often it comes.
  EXPECT_THAT(n.events(1), ElementsAre(Kind::kRestarted));
  const std::uint64_t stale = n.end(1).stats().dropped_stale;
  n.give(1, old);
  n.give(1, old);
  EXPECT_EQ(n.end(1).stats().dropped_stale, stale + 2);
  EXPECT_THAT(n.delivered(1), ElementsAre(Story::message(20)));
}

TEST(LtlIncarnations, AReplayedOpenOfADeadIncarnationIsStale) {
  Nodes n;
  n.send(0, 10);
  const auto old_open = n.take(0);
  n.give(1, old_open);
  n.talk();
  n.start(0, incarnation(2));
  n.send(0, 20);
  n.talk();
  EXPECT_THAT(n.delivered(1), ElementsAre(Story::message(10), Story::message(20)));
  const std::uint64_t stale = n.end(1).stats().dropped_stale;
  n.give(1, old_open);
  EXPECT_EQ(n.end(1).stats().dropped_stale, stale + 1);
  EXPECT_THAT(n.take(1), IsEmpty());
  // The live session is untouched.
  n.send(0, 25);
  n.talk();
  EXPECT_THAT(n.delivered(1), ElementsAre(Story::message(25)));
}

// The answerer has restarted and knows nothing: a replayed OPEN gets an answer, and the one it is
// meant for refuses it. No message is lost by that.
TEST(LtlIncarnations, AReplayToARestartedPeerHoldsNoMessage) {
  Nodes n;
  n.send(0, 10);
  const auto old_open = n.take(0);
  n.start(0, incarnation(2));
  n.start(1, incarnation(2));
  n.give(1, old_open);
  n.send(1, 40);
  const auto answer = n.take(1);
  ASSERT_THAT(answer, SizeIs(1)) << "an answer, but no message";
  n.give(0, answer);
  EXPECT_EQ(n.end(0).stats().dropped_stale, 1u);
  n.send(0, 20);
  n.talk();
  EXPECT_THAT(n.delivered(1), ElementsAre(Story::message(20)));
  EXPECT_THAT(n.delivered(0), SizeIs(0)) << "it was for the old incarnation";
}

// Past: (2, 1) are connected. Event: 1 restarts and hears an OPEN that 0 said in its first life, so
// that it believes in (1, 2), with epochs of the same sum. Expect: they do not take each other's
// packets, and find to each other.
TEST(LtlIncarnations, CrossedSessionsDoNotMix) {
  Nodes n;
  n.send(0, 10);
  const auto first_open = n.take(0);
  n.start(0, incarnation(2));
  n.send(0, 20);
  n.talk();
  EXPECT_THAT(n.delivered(1), ElementsAre(Story::message(20)));
  n.start(1, incarnation(2));
  n.give(1, first_open);
  n.take(1);
  n.send(0, 30);
  const auto live = n.take(0);
  ASSERT_THAT(live, SizeIs(1));
  const std::uint64_t stale = n.end(1).stats().dropped_stale;
  n.give(1, live);
  EXPECT_EQ(n.end(1).stats().dropped_stale, stale + 1);
  EXPECT_THAT(n.take(1), IsEmpty());
  n.send(1, 40);
  for (int i = 0; i < 10; ++i) {
    n.talk();
    n.wait(microseconds(60));
  }
  EXPECT_THAT(n.delivered(0), IsEmpty()) << "it was for the first incarnation";
  EXPECT_THAT(n.events(1), ElementsAre(Kind::kOpened, Kind::kRestarted));
  n.send(0, 50);
  n.send(1, 60);
  n.talk();
  EXPECT_THAT(n.delivered(1), ElementsAre(Story::message(50)));
  EXPECT_THAT(n.delivered(0), ElementsAre(Story::message(60)));
}

TEST(LtlIncarnations, NoCookieComesAgain) {
  Nodes n;
  std::set<std::uint16_t> seen;
  for (std::uint32_t epoch = 1; epoch <= 200; ++epoch) {
    n.start(0, incarnation(epoch));
    n.send(0, 10);
    n.talk();
    n.send(0, 10);
    const auto data = n.take(0);
    ASSERT_THAT(data, SizeIs(1));
    EXPECT_TRUE(seen.insert(decode(data[0].payload.bytes)->cookie).second) << epoch;
    n.give(1, data);
  }
}

// --- closing

TEST(LtlClosing, ThePeerIsToldAndBothForget) {
  Nodes n;
  n.send(0, 10);
  n.talk();
  n.events(1);
  n.end(0).close(kRow0, n.now());
  const auto close = n.take(0);
  ASSERT_THAT(close, SizeIs(1));
  EXPECT_EQ(kind_of(close[0]), PacketKind::kClose);
  n.give(1, close);
  EXPECT_THAT(n.events(1), ElementsAre(Kind::kClosed));
  EXPECT_EQ(n.end(1).send(kRow0, Story::message(1), n.now()).error().code, ErrorCode::kBroken);
  EXPECT_EQ(n.end(0).send(kRow0, Story::message(1), n.now()).error().code, ErrorCode::kBroken);
  EXPECT_EQ(n.end(0).next_deadline(), kNever);
  EXPECT_EQ(n.end(1).next_deadline(), kNever);
  n.start(0, incarnation(2));
  n.send(0, 20);
  n.talk();
  EXPECT_EQ(n.delivered(1).back(), Story::message(20));
}

// --- tags

class LtlTags : public testing::Test {
 protected:
  static LtlOptions options() {
    LtlOptions o = with_handshake();
    o.auth = AuthMode::kHeader;
    return o;
  }
};

TEST_F(LtlTags, PayloadBeginsBehindTheSecurityBlock) {
  Nodes n(options());
  n.send(0, 10);
  n.talk();
  n.send(0, 10);
  const auto data = n.take(0);
  ASSERT_THAT(data, SizeIs(1));
  EXPECT_EQ(data[0].payload.size(), kLtlHeaderSize + 16 + 10u);
  EXPECT_EQ(decode(data[0].payload.bytes)->length, 10);
  n.give(1, data);
  EXPECT_THAT(n.delivered(1), SizeIs(2));
}

TEST_F(LtlTags, AForgedPacketIsDroppedBeforeItsChecksumIsLookedAt) {
  Nodes n(options());
  n.send(0, 10);
  n.talk();
  n.send(0, 20);
  const auto data = n.take(0);
  Datagram bad = data[0];
  // Another credit, and the checksum that fits.
  bad.payload.bytes[24] ^= std::byte{1};
  seal(bad.payload.bytes, kLtlHeaderSize + 16);
  n.give(1, {bad});
  EXPECT_EQ(n.end(1).stats().dropped_unauthentic, 1u);
  // Damaged by accident, with a right tag: the checksum finds it.
  bad = data[0];
  bad.payload.bytes.back() ^= std::byte{1};
  n.give(1, {bad});
  EXPECT_EQ(n.end(1).stats().dropped_checksum, 1u);
}

TEST_F(LtlTags, AReplayIsRefusedByItsNumber) {
  Nodes n(options());
  n.send(0, 10);
  n.talk();
  n.send(0, 20);
  const auto data = n.take(0);
  n.give(1, data);
  n.give(1, data);
  EXPECT_EQ(n.end(1).stats().dropped_replayed, 1u);
  EXPECT_EQ(n.end(1).stats().duplicates_received, 0u);
}

TEST_F(LtlTags, TheKeysOfAnOlderSessionOpenNothing) {
  Nodes n(options());
  n.send(0, 10);
  n.talk();
  n.send(0, 30);
  auto old = n.take(0);
  n.start(0, incarnation(2));
  n.send(0, 20);
  n.talk();
  // Even with the cookie of the new session.
  n.send(0, 25);
  const auto fresh = n.take(0);
  std::copy_n(fresh[0].payload.bytes.begin() + 4, 2, old[0].payload.bytes.begin() + 4);
  seal(old[0].payload.bytes, kLtlHeaderSize + 16);
  n.give(1, old);
  EXPECT_EQ(n.end(1).stats().dropped_unauthentic, 1u);
  n.give(1, fresh);
  EXPECT_EQ(n.delivered(1).back(), Story::message(25));
}

TEST_F(LtlTags, NeedTheChecksum) {
  LtlOptions o = options();
  o.crc = false;
  EXPECT_THAT(check(o).error().message, testing::HasSubstr("auth: header needs crc"));
}

TEST_F(LtlTags, WorkWithoutAHandshakeToo) {
  LtlOptions o;
  o.auth = AuthMode::kHeader;
  Story s(o);
  s.send(0, 5000);
  ASSERT_TRUE(s.run());
  EXPECT_EQ(s.end(1).stats().messages_delivered, 1u);
}

}  // namespace
}  // namespace soliton
