#include "node/recovery/recovery_message.h"

#include <gtest/gtest.h>

#include "protocol/base/rng.h"

namespace soliton {
namespace {

TEST(Envelopes, StandBehindTheBytesOfAMessageAndComeOffAgain) {
  for (const Payload& message : {Payload{}, Payload{{std::byte{1}, std::byte{2}}, 0},
                                 Payload{std::vector<std::byte>(48), 1'000}}) {
    Payload sent = message;
    add_envelope({Envelope::What::kData, 7, 3}, sent);
    EXPECT_EQ(sent.size(), message.size() + kEnvelopeBytes);
    const auto envelope = take_envelope(sent);
    ASSERT_TRUE(envelope.has_value());
    EXPECT_EQ(envelope->what, Envelope::What::kData);
    EXPECT_EQ(envelope->generation, 7u);
    EXPECT_EQ(envelope->first, 3u);
    EXPECT_EQ(sent, message);
  }
}

TEST(Envelopes, AreNotSeenInWhatHasNone) {
  Payload small{std::vector<std::byte>(kEnvelopeBytes - 1), 0};
  EXPECT_FALSE(take_envelope(small).has_value());
  EXPECT_EQ(small.bytes.size(), kEnvelopeBytes - 1);
  Payload other{std::vector<std::byte>(40, std::byte{0xff}), 0};
  EXPECT_FALSE(take_envelope(other).has_value());
  EXPECT_EQ(other.bytes.size(), 40u);
}

TEST(RecoveryMessages, ComeBackAsTheyWere) {
  const AgentStatus status{.number = 1ull << 40,
                           .generation = 3,
                           .layout = 1,
                           .slot = NodeId{5},
                           .refused = NodeId{6},
                           .progress = 1ull << 50,
                           .waiting = 2,
                           .busy = true,
                           .broken = true};
  const auto read = unpack_status(pack(status));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->number, status.number);
  EXPECT_EQ(read->generation, 3u);
  EXPECT_EQ(read->layout, 1u);
  EXPECT_EQ(read->slot, NodeId{5});
  EXPECT_EQ(read->refused, NodeId{6});
  EXPECT_EQ(read->progress, status.progress);
  EXPECT_EQ(read->waiting, 2u);
  EXPECT_TRUE(read->busy);
  EXPECT_TRUE(read->broken);
  EXPECT_EQ(unpack_question(pack(Question{99}))->number, 99u);
  const Assignment assignment{
      4, 2, {{NodeId{0}, NodeId{4}, 2}, {NodeId{1}, NodeId{1}, 1ull << 33}}};
  const auto again = unpack_assignment(pack(assignment));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->generation, 4u);
  EXPECT_EQ(again->layout, 2u);
  EXPECT_EQ(again->grants, assignment.grants);
}

// Bytes of any length are either of the size of a message or none of it.
TEST(RecoveryMessages, OfAnyBytesAreReadOrRefusedWithoutLookingBeyondThem) {
  const Random chance(1, "messages");
  for (std::uint64_t size = 0; size < 120; ++size) {
    Payload message;
    for (std::uint64_t i = 0; i < size; ++i)
      message.bytes.push_back(static_cast<std::byte>(chance.bits(200 * size + i)));
    EXPECT_EQ(unpack_question(message).has_value(), size == 8);
    EXPECT_EQ(unpack_status(message).has_value(), size == 44);
    EXPECT_EQ(unpack_assignment(message).has_value(), size >= 8 && (size - 8) % 16 == 0);
    message.ghost = 1;
    EXPECT_FALSE(unpack_status(message).has_value());
  }
}

}  // namespace
}  // namespace soliton
