// What rules do to packets, as values, as text, and done.
#include "fabric/faults/fault_action.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>

#include "protocol/wire/ltl_header.h"

namespace soliton {
namespace {

using What = FaultAction::What;

TEST(FaultAction, IsReadAsItIsSpelled) {
  const FaultAction all[] = {
      {.what = What::kDrop},
      {.what = What::kDelay, .late = microseconds(10)},
      {.what = What::kDuplicate, .count = 2, .late = nanoseconds(3)},
      {.what = What::kCorrupt, .count = 3, .value = UINT64_MAX},
      {.what = What::kCorruptHeader, .count = 1, .value = 5},
      {.what = What::kCorruptPayload, .count = 1, .value = 6},
      {.what = What::kCutShort, .count = 8},
      {.what = What::kPad, .count = 9},
      {.what = What::kMark},
      {.what = What::kStrip},
      {.what = What::kMisroute, .count = 4},
  };
  for (const FaultAction& action : all) {
    const Result<FaultAction> read = parse_fault_action(spell(action));
    ASSERT_TRUE(read) << spell(action) << ": " << read.error().message;
    EXPECT_EQ(*read, action) << spell(action);
  }
  EXPECT_EQ(spell(all[1]), "delay 10000000");
  EXPECT_EQ(spell(all[2]), "duplicate 2 3000");
}

TEST(FaultAction, RefusesOtherTexts) {
  for (const char* text : {"", "none", "delay", "delay x", "delay -1", "drop 1", "corrupt 1",
                           "duplicate 1 2 3", "delay 1 "})
    EXPECT_FALSE(parse_fault_action(text)) << text;
  EXPECT_THAT(parse_fault_action("dorp").error().message,
              testing::HasSubstr("no action \"dorp\"; did you mean \"drop\"?"));
}

Datagram packet(std::size_t bytes, std::uint64_t ghost) {
  return {.source = NodeId{0},
          .destination = NodeId{1},
          .payload = {.bytes = std::vector<std::byte>(bytes), .ghost = ghost}};
}

std::size_t ones(const Datagram& datagram, std::size_t from, std::size_t to) {
  std::size_t out = 0;
  for (std::size_t i = from; i < to; ++i)
    out += static_cast<std::size_t>(
        std::popcount(std::to_integer<unsigned>(datagram.payload.bytes[i])));
  return out;
}

TEST(FaultAction, FlipsAsManyBitsAsItSaysWhereItSays) {
  for (std::uint64_t key = 0; key < 200; ++key) {
    Datagram any = packet(100, 0), header = any, payload = any;
    change({.what = What::kCorrupt, .count = 5, .value = key}, any);
    change({.what = What::kCorruptHeader, .count = 5, .value = key}, header);
    change({.what = What::kCorruptPayload, .count = 5, .value = key}, payload);
    EXPECT_EQ(ones(any, 0, 100), 5u);
    EXPECT_EQ(ones(header, 0, kLtlHeaderSize), 5u);
    EXPECT_EQ(ones(header, kLtlHeaderSize, 100), 0u);
    EXPECT_EQ(ones(payload, kLtlHeaderSize, 100), 5u);
    EXPECT_FALSE(any.damaged || header.damaged || payload.damaged);
  }
}

TEST(FaultAction, DamagesGhostBytesByAFlag) {
  Datagram ghost = packet(kLtlHeaderSize, 100);
  change({.what = What::kCorruptPayload, .count = 1, .value = 3}, ghost);
  EXPECT_TRUE(ghost.damaged);
  EXPECT_EQ(ones(ghost, 0, kLtlHeaderSize), 0u);
}

TEST(FaultAction, CutsAndPads) {
  Datagram real = packet(100, 0), ghost = packet(32, 10), tiny = packet(4, 0);
  change({.what = What::kCutShort, .count = 16}, real);
  EXPECT_EQ(real.payload.size(), 84u);
  change({.what = What::kCutShort, .count = 16}, ghost);
  EXPECT_EQ(ghost.payload.ghost, 0u);
  EXPECT_EQ(ghost.payload.bytes.size(), 26u);
  change({.what = What::kCutShort, .count = 16}, tiny);
  EXPECT_EQ(tiny.payload.size(), 0u);
  change({.what = What::kPad, .count = 3}, real);
  EXPECT_EQ(real.payload.size(), 87u);
}

TEST(FaultAction, MarksStripsAndLeadsAstray) {
  Datagram datagram = packet(40, 0);
  change({.what = What::kMark}, datagram);
  EXPECT_TRUE(datagram.congestion_seen);
  change({.what = What::kStrip}, datagram);
  EXPECT_FALSE(datagram.congestion_seen);
  change({.what = What::kMisroute, .count = 7}, datagram);
  EXPECT_EQ(datagram.destination, NodeId{7});
}

}  // namespace
}  // namespace soliton
