// What somebody without the key can do to a connection: nothing. Whatever bytes come, nothing is
// answered, opened, delivered or put off, and every packet is counted under one cause.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fabric/aead/aead.h"
#include "protocol/base/rng.h"
#include "tests/story/ltl/story.h"

namespace soliton {
namespace {

struct Mode {
  const char* name;
  AuthMode auth;
  bool handshake;
};

LtlIdentity member() {
  LtlIdentity who;
  who.run_id = 77;
  who.epoch = 1;
  for (std::size_t i = 0; i < who.key.size(); ++i) who.key[i] = static_cast<std::byte>(i * 11);
  who.cipher = *packet_cipher(AeadKind::kChaCha20Poly1305);
  return who;
}

std::uint64_t refused(const LtlStats& s) {
  return s.dropped_malformed + s.dropped_checksum + s.dropped_stale + s.dropped_unauthentic +
         s.dropped_replayed;
}

// Two nodes after a conversation of every kind of packet, which somebody has heard.
class Hostile : public testing::TestWithParam<Mode> {
 protected:
  Hostile() {
    LtlOptions o;
    o.mtu = 200;
    o.auth = GetParam().auth;
    o.handshake = GetParam().handshake;
    for (std::uint32_t n = 0; n < 2; ++n)
      ends_[n] = std::make_unique<Ltl>(NodeId{n}, o,
                                       std::vector<LtlConnection>{{NodeId{1 - n}, 0, 0xc0de, 1}},
                                       nullptr, member());
    converse();
  }

  void converse() {
    for (std::size_t n = 0; n < 2; ++n)
      for (const std::size_t bytes : {0, 8, 199, 200, 1'000})
        EXPECT_TRUE(ends_[n]->send(kRow0, Story::message(bytes), now_));
    int data = 0;
    for (int turn = 0; turn < 200; ++turn) {
      for (std::size_t n = 0; n < 2; ++n)
        while (auto d = ends_[n]->poll_output(now_)) {
          heard_[1 - n].push_back(*d);
          const bool lost =
              decode(d->payload.bytes)->kind == PacketKind::kData && (++data == 3 || data == 6);
          if (lost)
            ++lost_;
          else
            ends_[1 - n]->on_input(*d, now_);
        }
      now_ += microseconds(3);
      for (auto& end : ends_)
        if (end->next_deadline() <= now_) end->on_deadline(now_);
    }
    for (auto& end : ends_) {
      while (end->poll_delivery()) ++delivered_;
      while (end->poll_event()) continue;
    }
    EXPECT_EQ(delivered_, 10u);
  }

  void expect_no_effect(std::size_t n, const Datagram& packet, const std::string& what) {
    Ltl& end = *ends_[n];
    const Instant deadline = end.next_deadline();
    const std::uint64_t before = refused(end.stats());
    end.on_input(packet, now_);
    EXPECT_FALSE(end.poll_output(now_)) << what;
    EXPECT_FALSE(end.poll_delivery()) << what;
    EXPECT_FALSE(end.poll_event()) << what;
    EXPECT_TRUE(end.is_open(kRow0)) << what;
    EXPECT_TRUE(end.idle()) << what;
    EXPECT_EQ(end.next_deadline(), deadline) << what;
    EXPECT_EQ(refused(end.stats()), before + 1) << what;
  }

  // With a checksum that fits again, where there is a tag that must not.
  void offer(std::size_t n, Datagram packet, const Datagram& original, const std::string& what) {
    if (GetParam().auth != AuthMode::kNone && decode(packet.payload.bytes)) seal(packet.payload);
    if (packet.payload == original.payload) return;
    expect_no_effect(n, packet, what);
  }

  std::array<std::unique_ptr<Ltl>, 2> ends_;
  std::array<std::vector<Datagram>, 2> heard_;  // by whom it was for
  std::size_t delivered_ = 0;
  std::size_t lost_ = 0;
  Instant now_ = kRunStart + milliseconds(1);
};

std::string place(std::size_t packet, const char* change, std::size_t at) {
  return "packet " + std::to_string(packet) + ", " + change + " " + std::to_string(at);
}

TEST_P(Hostile, AChangedBitHasNoEffect) {
  for (std::size_t n = 0; n < 2; ++n)
    for (std::size_t i = 0; i < heard_[n].size(); ++i)
      for (std::size_t bit = 0; bit < 8 * heard_[n][i].payload.bytes.size(); ++bit) {
        Datagram bad = heard_[n][i];
        bad.payload.bytes[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
        offer(n, bad, heard_[n][i], place(i, "bit", bit));
      }
}

TEST_P(Hostile, AnotherLengthHasNoEffect) {
  for (std::size_t n = 0; n < 2; ++n)
    for (std::size_t i = 0; i < heard_[n].size(); ++i) {
      const std::size_t size = heard_[n][i].payload.bytes.size();
      for (std::size_t cut = 0; cut < size + 40; ++cut) {
        if (cut == size) continue;
        Datagram bad = heard_[n][i];
        bad.payload.bytes.resize(cut);
        expect_no_effect(n, bad, place(i, "length as it was, bytes", cut));
        const std::size_t head = kLtlHeaderSize + security_bytes(GetParam().auth);
        if (cut < head || GetParam().auth == AuthMode::kNone) continue;
        auto header = *decode(heard_[n][i].payload.bytes);
        header.length = static_cast<std::uint16_t>(cut - kLtlHeaderSize);
        encode(header, std::span(bad.payload.bytes).first<kLtlHeaderSize>());
        offer(n, bad, heard_[n][i], place(i, "length that fits, bytes", cut));
      }
    }
}

TEST_P(Hostile, NoiseHasNoEffect) {
  const Random r(1, "noise");
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const Random one = r.child(i);
    Datagram bad;
    bad.source = NodeId{static_cast<std::uint32_t>(one.below(0, 3))};
    bad.payload.bytes.resize(one.below(1, 300));
    for (std::size_t b = 0; b < bad.payload.bytes.size(); ++b)
      bad.payload.bytes[b] = static_cast<std::byte>(one.bits(2 + b));
    expect_no_effect(one.below(1'000, 2), bad,
                     place(i, "noise of bytes", bad.payload.bytes.size()));
  }
}

// Whoever repeats what was said gets no more bytes than the repetition had, and only the peer gets
// them: there is nothing to be gained by a false source.
TEST_P(Hostile, ARepetitionIsNoAmplifier) {
  std::uint64_t answers = 0;
  for (std::size_t n = 0; n < 2; ++n)
    for (int times = 0; times < 20; ++times)
      for (const Datagram& packet : heard_[n]) {
        ends_[n]->on_input(packet, now_);
        std::size_t bytes = 0;
        while (const auto answer = ends_[n]->poll_output(now_)) {
          EXPECT_EQ(answer->destination, NodeId{static_cast<std::uint32_t>(1 - n)});
          bytes += answer->payload.size();
          ++answers;
        }
        EXPECT_LE(bytes, packet.payload.size());
        EXPECT_FALSE(ends_[n]->poll_delivery());
        EXPECT_FALSE(ends_[n]->poll_event());
        EXPECT_TRUE(ends_[n]->is_open(kRow0));
      }
  if (GetParam().auth != AuthMode::kNone && !GetParam().handshake) {
    EXPECT_LE(answers, lost_) << "only what comes for the first time is answered";
  }
  // The connection is as good as before.
  for (std::size_t n = 0; n < 2; ++n) ASSERT_TRUE(ends_[n]->send(kRow0, Story::message(500), now_));
  std::vector<Payload> got;
  for (int turn = 0; turn < 100; ++turn) {
    for (std::size_t n = 0; n < 2; ++n)
      while (auto d = ends_[n]->poll_output(now_)) ends_[1 - n]->on_input(*d, now_);
    now_ += microseconds(3);
    for (auto& end : ends_) {
      if (end->next_deadline() <= now_) end->on_deadline(now_);
      while (auto delivery = end->poll_delivery()) got.push_back(std::move(delivery->message));
    }
  }
  EXPECT_THAT(got, testing::ElementsAre(Story::message(500), Story::message(500)));
}

INSTANTIATE_TEST_SUITE_P(Modes, Hostile,
                         testing::Values(Mode{"checksum", AuthMode::kNone, false},
                                         Mode{"header", AuthMode::kHeader, false},
                                         Mode{"aead", AuthMode::kAead, false},
                                         Mode{"opened_header", AuthMode::kHeader, true},
                                         Mode{"opened_aead", AuthMode::kAead, true}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace soliton
