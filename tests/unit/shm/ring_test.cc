#include "fabric/shm/ring.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include "fabric/shm/frame_record.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

template <std::size_t kBytes>
struct Memory {
  RingIndices indices;
  alignas(64) std::array<std::byte, kBytes> data{};
  Ring ring() { return Ring(indices, data); }
};

std::vector<std::byte> pattern(std::size_t bytes, std::uint64_t seed) {
  std::vector<std::byte> out(bytes);
  for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<std::byte>(mix64(seed * 4099 + i));
  return out;
}

std::vector<std::byte> take(Ring& ring) {
  const auto size = ring.next();
  EXPECT_TRUE(size);
  std::vector<std::byte> out(*size);
  ring.copy(0, out);
  ring.pop();
  return out;
}

// Against a plain queue, with sizes that put every boundary at every place.
TEST(Ring, IsAQueueOfRecordsWhereverTheyWrap) {
  Memory<256> memory;
  Ring ring = memory.ring();
  std::deque<std::vector<std::byte>> model;
  const Random random(1, "ring test");
  std::size_t refused = 0;
  for (std::uint64_t step = 0; step < 20'000; ++step) {
    if (random.below(2 * step, 2) == 0) {
      auto record = pattern(1 + random.below(2 * step + 1, 120), step);
      const std::size_t cut = record.size() / 3;
      const std::span<const std::byte> all(record);
      if (ring.write(all.first(cut + 1), all.subspan(cut + 1))) {
        model.push_back(std::move(record));
      } else {
        ++refused;
      }
    } else if (!model.empty()) {
      ASSERT_EQ(take(ring), model.front());
      model.pop_front();
    } else {
      ASSERT_EQ(*ring.next(), 0u);
    }
    ASSERT_EQ(ring.empty(), model.empty());
  }
  EXPECT_GT(refused, 1000u);
}

TEST(Ring, TakesARecordAsLargeAsItselfAndRefusesWhenFull) {
  Memory<64> memory;
  Ring ring = memory.ring();
  EXPECT_TRUE(ring.fits_ever(56));
  EXPECT_FALSE(ring.fits_ever(57));
  const auto record = pattern(56, 1);
  ASSERT_TRUE(ring.write(record));
  EXPECT_FALSE(ring.write(pattern(1, 2)));
  EXPECT_EQ(take(ring), record);
  EXPECT_TRUE(ring.write(pattern(1, 2)));
}

TEST(RingDeath, ARecordThatNeverFitsIsABug) {
  Memory<64> memory;
  EXPECT_DEATH(memory.ring().write(pattern(57, 1)), "a record of 57 bytes in a ring of 64");
}

TEST(Ring, ReadsInPieces) {
  Memory<128> memory;
  Ring ring = memory.ring();
  for (std::uint64_t round = 0; round < 20; ++round) {
    const auto record = pattern(90, round);
    ASSERT_TRUE(ring.write(record));
    std::vector<std::byte> middle(30);
    ring.copy(40, middle);
    EXPECT_TRUE(std::equal(middle.begin(), middle.end(), record.begin() + 40));
    ring.pop();
  }
}

TEST(Ring, RewindStartsOverEmpty) {
  Memory<64> memory;
  Ring ring = memory.ring();
  ASSERT_TRUE(ring.write(pattern(20, 1)));
  take(ring);
  ring.rewind();
  EXPECT_EQ(memory.indices.written.load(), 0u);
  const auto record = pattern(33, 2);
  ASSERT_TRUE(ring.write(record));
  EXPECT_EQ(take(ring), record);
}

TEST(Ring, NonsenseIsAnError) {
  Memory<128> memory;
  Ring ring = memory.ring();
  ASSERT_TRUE(ring.write(pattern(24, 1)));
  for (const std::uint64_t length :
       {std::uint64_t{0}, std::uint64_t{25}, ~std::uint64_t{0}, ~std::uint64_t{0} - 6}) {
    std::memcpy(memory.data.data(), &length, sizeof length);
    ASSERT_FALSE(ring.next()) << length;
    EXPECT_EQ(ring.next().error().code, ErrorCode::kBroken);
  }
  memory.indices.written.store(129);
  EXPECT_FALSE(ring.next());
}

// The writer is killed at some moment of a long stream: what can be read is a clean prefix.
TEST(Ring, AKilledWriterLeavesWholeRecords) {
  using Shared = Memory<4096>;
  void* memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  auto* shared = new (memory) Shared;
  Ring ring = shared->ring();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    for (std::uint64_t i = 0;;) {
      if (ring.write(pattern(1 + i * 37 % 700, i))) {
        ++i;
      } else {
        sched_yield();
      }
    }
  }
  std::uint64_t received = 0;
  const auto read_one = [&] {
    const auto size = ring.next();
    ASSERT_TRUE(size) << size.error().message;
    if (*size == 0) {
      sched_yield();
      return;
    }
    ASSERT_EQ(take(ring), pattern(1 + received * 37 % 700, received));
    ++received;
  };
  while (received < 500 && !HasFatalFailure()) read_one();
  kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  while (!ring.empty() && !HasFatalFailure()) read_one();
  EXPECT_GE(received, 500u);
  munmap(memory, sizeof(Shared));
}

TEST(FrameRecord, KeepsEveryFieldAndGhostsTakeNoRoom) {
  Memory<256> memory;
  Ring ring = memory.ring();
  Frame frame;
  frame.at = Instant{Duration{123'456'789'012'345}};
  frame.ordinal = 0xfedcba9876543210;
  frame.datagram = {.source = NodeId{70'000},
                    .destination = NodeId{3},
                    .traffic_class = 5,
                    .congestion_seen = true,
                    .damaged = true,
                    .payload = {.bytes = pattern(33, 4), .ghost = std::uint64_t{1} << 40}};
  ASSERT_TRUE(write_frame(ring, frame));
  ASSERT_TRUE(write_frame(ring, Frame{}));
  const auto back = read_frame(ring);
  ASSERT_TRUE(back && *back);
  EXPECT_EQ((*back)->at, frame.at);
  EXPECT_EQ((*back)->ordinal, frame.ordinal);
  EXPECT_EQ((*back)->datagram.source, frame.datagram.source);
  EXPECT_EQ((*back)->datagram.destination, frame.datagram.destination);
  EXPECT_EQ((*back)->datagram.traffic_class, 5);
  EXPECT_TRUE((*back)->datagram.congestion_seen);
  EXPECT_TRUE((*back)->datagram.damaged);
  EXPECT_EQ((*back)->datagram.payload, frame.datagram.payload);
  const auto second = read_frame(ring);
  ASSERT_TRUE(second && *second);
  EXPECT_FALSE((*second)->datagram.damaged);
  EXPECT_FALSE((*second)->datagram.congestion_seen);
  const auto none = read_frame(ring);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
}

TEST(FrameRecord, OfTheWrongSizeIsAnError) {
  for (const std::size_t bytes : {8u, 41u}) {
    Memory<256> memory;
    Ring ring = memory.ring();
    ASSERT_TRUE(ring.write(std::vector<std::byte>(bytes)));
    const auto frame = read_frame(ring);
    ASSERT_FALSE(frame);
    EXPECT_EQ(frame.error().code, ErrorCode::kBroken);
  }
}

}  // namespace
}  // namespace soliton
