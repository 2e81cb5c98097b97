#include "cluster/engine/thread_team.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

namespace soliton {
namespace {

// More rounds than any wait looks or yields, with more and with fewer tasks than threads.
TEST(ThreadTeam, CallsEachTaskOnceARound) {
  for (const std::size_t size : {1u, 2u, 5u}) {
    ThreadTeam team(size);
    for (const std::size_t count : {0u, 1u, 3u, 16u}) {
      std::vector<std::atomic<int>> calls(count);
      for (int round = 1; round <= 2'000; ++round) {
        team.run(count, [&](std::size_t i) { ++calls[i]; });
        for (const std::atomic<int>& it : calls) ASSERT_EQ(it, round);
      }
    }
  }
}

// What a task writes is seen by whoever has the same number in the next round, and by the caller.
TEST(ThreadTeam, ARoundSeesWhatTheOneBeforeHasWritten) {
  ThreadTeam team(3);
  std::vector<int> values(7, 0);
  for (int round = 0; round < 2'000; ++round)
    team.run(values.size(),
             [&](std::size_t i) { values[i] += values[i] == round ? 1 : 1'000'000; });
  for (const int value : values) EXPECT_EQ(value, 2'000);
}

TEST(ThreadTeam, TheSameThreadPlaysTheSameTask) {
  ThreadTeam team(3);
  std::vector<std::set<std::thread::id>> players(6);
  for (int round = 0; round < 50; ++round)
    team.run(players.size(), [&](std::size_t i) { players[i].insert(std::this_thread::get_id()); });
  for (const std::set<std::thread::id>& its : players) EXPECT_EQ(its.size(), 1u);
  EXPECT_EQ(*players[0].begin(), std::this_thread::get_id());
  EXPECT_NE(*players[1].begin(), *players[0].begin());
}

}  // namespace
}  // namespace soliton
