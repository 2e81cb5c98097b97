// What nodes cost that do nothing: memory grows with their number, and not with its square.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/sim/idle/idle_cluster.h"

namespace {

std::atomic<std::size_t> live{0};
std::atomic<std::size_t> peak{0};

void* counted(void* memory) {
  if (memory == nullptr) std::abort();
  const std::size_t now = live += malloc_usable_size(memory);
  std::size_t most = peak;
  while (now > most && !peak.compare_exchange_weak(most, now)) {
  }
  return memory;
}

void release(void* memory) {
  if (memory == nullptr) return;
  live -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(std::malloc(std::max<std::size_t>(size, 1)));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto line = static_cast<std::size_t>(alignment);
  return counted(std::aligned_alloc(line, (size + line - 1) / line * line));
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }

namespace soliton {
namespace {

// The most that was allocated at one time.
std::size_t peak_bytes(std::uint32_t nodes, const std::string& topology) {
  const std::size_t before = live;
  peak = before;
  const ClusterOutcome outcome = run_idle(nodes, topology);
  EXPECT_FALSE(outcome.error) << outcome.error->message;
  EXPECT_EQ(outcome.traffic_completed, 1u);
  EXPECT_EQ(outcome.stats.size(), nodes);
  return peak - before;
}

std::size_t peak_bytes_of_group(std::uint32_t nodes) {
  const std::size_t before = live;
  peak = before;
  const ClusterOutcome outcome = begin_all_gather(nodes);
  EXPECT_TRUE(outcome.error);
  EXPECT_EQ(outcome.traffic_completed, 0u);
  return peak - before;
}

constexpr std::size_t kMiB = 1 << 20;
constexpr std::uint32_t kMost = 16'384;

TEST(IdleNodes, CostMemoryInProportionToTheirNumber) {
  const std::size_t few = peak_bytes(kMost / 8, "datacenter");
  const std::size_t twice = peak_bytes(kMost / 4, "datacenter");
  EXPECT_LT(twice, few * 21 / 10);
}

// Every node of a group knows all the others, from one list.
TEST(Groups, CostMemoryInProportionToTheirNodes) {
  const std::size_t few = peak_bytes_of_group(kMost / 16);
  const std::size_t twice = peak_bytes_of_group(kMost / 8);
  EXPECT_LT(twice, few * 21 / 10);
}

TEST(IdleNodes, FitInAQuarterOfAGigabyte) {
  EXPECT_LT(peak_bytes(kMost, "datacenter"), 256 * kMiB);
}

}  // namespace
}  // namespace soliton
