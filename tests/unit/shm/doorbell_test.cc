#include "fabric/shm/doorbell.h"

#include <gtest/gtest.h>

#include <thread>

namespace soliton {
namespace {

TEST(Doorbell, AnEarlierRingIsSeenAtOnce) {
  Doorbell bell;
  bell.ring();
  EXPECT_EQ(bell.wait(0, 0, Duration{}), WaitEnd::kRung);
  EXPECT_EQ(bell.sleepers.load(), 0u);
}

TEST(Doorbell, ASliceEndsTheSleep) {
  Doorbell bell;
  EXPECT_EQ(bell.wait(0, 10, nanoseconds(1000)), WaitEnd::kTimeout);
  EXPECT_EQ(bell.sleepers.load(), 0u);
}

// No wake-up is lost, sleeping or spinning: a lost one would hang this test.
TEST(Doorbell, PingPongNeverLosesAWakeUp) {
  for (const std::uint32_t spin : {0u, 50u}) {
    Doorbell there;
    Doorbell back;
    constexpr std::uint32_t kRounds = 5'000;
    std::thread peer([&] {
      for (std::uint32_t i = 0; i < kRounds; ++i) {
        while (there.wait(i, spin, Duration{}) != WaitEnd::kRung) {
        }
        back.ring();
      }
    });
    for (std::uint32_t i = 0; i < kRounds; ++i) {
      there.ring();
      while (back.wait(i, spin, Duration{}) != WaitEnd::kRung) {
      }
    }
    peer.join();
    EXPECT_EQ(back.count.load(), kRounds);
  }
}

}  // namespace
}  // namespace soliton
