// Encrypted packets: against RFC 8439, against themselves, and a whole connection.
#include "fabric/aead/aead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

#include "fabric/ltl/ltl.h"

namespace soliton {
namespace {

std::vector<std::byte> hex(std::string_view text) {
  std::vector<std::byte> out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    out.push_back(static_cast<std::byte>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  return out;
}

// Section 2.8.2.
TEST(Aead, ChaChaIsThatOfTheRfc) {
  const auto key_bytes = hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
  Key key{};
  std::copy(key_bytes.begin(), key_bytes.end(), key.begin());
  const auto nonce = hex("070000004041424344454647");
  const auto head = hex("50515253c0c1c2c3c4c5c6c7");
  std::string_view text =
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
      "sunscreen would be it.";
  std::vector<std::byte> payload;
  for (const char c : text) payload.push_back(static_cast<std::byte>(c));
  std::array<std::byte, 16> tag{};
  (*packet_cipher(AeadKind::kChaCha20Poly1305))
      ->seal(key, std::span(nonce).first<12>(), head, payload, tag);
  EXPECT_EQ(std::vector<std::byte>(tag.begin(), tag.end()),
            hex("1ae10b594f09e26a7e902ecbd0600691"));
  EXPECT_EQ(std::vector<std::byte>(payload.begin(), payload.begin() + 16),
            hex("d31a8d34648e60db7b86afbc53ef7ec2"));
}

class AeadKinds : public testing::TestWithParam<AeadKind> {
 protected:
  const PacketCipher* cipher() {
    const auto cipher = packet_cipher(GetParam());
    return cipher ? *cipher : nullptr;
  }
};

TEST_P(AeadKinds, EveryFlippedBitIsFound) {
  if (cipher() == nullptr) GTEST_SKIP() << "not on this processor";
  const Key key{std::byte{1}};
  const std::array<std::byte, 12> nonce{};
  std::vector<std::byte> head(40, std::byte{3}), payload(50, std::byte{4});
  std::array<std::byte, 16> tag{};
  cipher()->seal(key, nonce, head, payload, tag);
  const auto opens = [&](const std::vector<std::byte>& with_head, std::vector<std::byte> sealed) {
    return cipher()->open(key, nonce, with_head, sealed, tag);
  };
  EXPECT_TRUE(opens(head, payload));
  for (std::size_t bit = 0; bit < 8 * head.size(); ++bit) {
    auto bad = head;
    bad[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    EXPECT_FALSE(opens(bad, payload));
  }
  for (std::size_t bit = 0; bit < 8 * payload.size(); ++bit) {
    auto bad = payload;
    bad[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    EXPECT_FALSE(opens(head, bad));
  }
}

TEST_P(AeadKinds, AConnectionCarriesMessagesThatNobodyReadsOnTheWay) {
  if (cipher() == nullptr) GTEST_SKIP() << "not on this processor";
  LtlOptions options;
  options.auth = AuthMode::kAead;
  options.handshake = true;
  std::array<std::unique_ptr<Ltl>, 2> ends;
  for (std::uint32_t n = 0; n < 2; ++n) {
    LtlIdentity who;
    who.epoch = 1;
    who.key.fill(std::byte{9});
    who.cipher = cipher();
    ends[n] = std::make_unique<Ltl>(
        NodeId{n}, options, std::vector<LtlConnection>{{NodeId{1 - n}, 0, 0, 1}}, nullptr, who);
  }
  const Payload message{std::vector<std::byte>(3000, std::byte{0x5a}), 0};
  ASSERT_TRUE(ends[0]->send(ConnectionId{0}, Payload(message), kRunStart));
  std::vector<Datagram> seen;
  for (int turn = 0; turn < 10; ++turn)
    for (std::size_t n = 0; n < 2; ++n)
      while (auto datagram = ends[n]->poll_output(kRunStart)) {
        ends[1 - n]->on_input(*datagram, kRunStart);
        seen.push_back(*datagram);
      }
  const auto delivery = ends[1]->poll_delivery();
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->message, message);
  const std::vector<std::byte> plain(16, std::byte{0x5a});
  for (const Datagram& d : seen)
    EXPECT_EQ(
        std::search(d.payload.bytes.begin(), d.payload.bytes.end(), plain.begin(), plain.end()),
        d.payload.bytes.end());
  // A replay and a forgery.
  ends[1]->on_input(seen.back(), kRunStart);
  Datagram forged = seen[2];
  forged.payload.bytes.back() ^= std::byte{1};
  ends[1]->on_input(forged, kRunStart);
  EXPECT_EQ(ends[1]->stats().dropped_replayed + ends[1]->stats().dropped_unauthentic +
                ends[1]->stats().dropped_stale,
            2u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, AeadKinds,
                         testing::Values(AeadKind::kAes256Gcm, AeadKind::kChaCha20Poly1305),
                         [](const auto& test) {
                           return test.param == AeadKind::kAes256Gcm ? "aes" : "chacha";
                         });

}  // namespace
}  // namespace soliton
