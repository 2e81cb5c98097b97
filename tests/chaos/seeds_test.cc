// Chaos in every test run: fresh schedules, others with each commit, and those that were kept.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "cluster/results/results.h"
#include "protocol/base/message.h"
#include "protocol/base/rng.h"
#include "tests/chaos/clusters.h"

namespace soliton {
namespace {

constexpr std::uint64_t kSeeds = 3'000;

std::size_t jobs() { return std::max(1U, std::thread::hardware_concurrency()); }

// The commit that is checked out; without git the version.
std::string commit() {
  const std::string git = std::string(SOLITON_SOURCE_DIR) + "/.git/";
  std::string head;
  std::getline(std::ifstream(git + "HEAD") >> std::ws, head);
  if (!head.starts_with("ref: ")) return head.empty() ? RunResults().version : head;
  std::string hash;
  std::getline(std::ifstream(git + head.substr(5)) >> std::ws, hash);
  if (!hash.empty()) return hash;
  // Packed, as after a clone.
  std::ifstream packed(git + "packed-refs");
  for (std::string line; std::getline(packed, line);)
    if (line.ends_with(" " + head.substr(5))) return line.substr(0, line.find(' '));
  return RunResults().version;
}

void expect_none(const std::string& cluster, ChaosSeeds seeds, ChaosTally& all) {
  const std::unique_ptr<ChaosStage> stage = chaos_stage(cluster);
  ASSERT_TRUE(stage);
  const Result<ChaosTally> tally =
      play_seeds(*stage, {.seeds = seeds, .jobs = jobs(), .findings_most = 5});
  ASSERT_TRUE(tally) << tally.error().message;
  all.seeds += tally->seeds;
  all.packets += tally->packets;
  all.fired += tally->fired;
  all.kinds = tally->kinds;
  for (const auto& [pair, count] : tally->met) all.met[pair] += count;
  for (const ChaosFinding& found : tally->findings)
    ADD_FAILURE() << found.violation.invariant << ": " << found.violation.what
                  << "\nsoliton chaos tests/chaos/clusters/" << short_name(cluster)
                  << ".yaml --seeds " << found.seed;
}

// SOLITON_CHAOS_SEEDS=N: so many in place of 3,000.
TEST(Seeds, FreshOnesBreakNothing) {
  const char* const asked = std::getenv("SOLITON_CHAOS_SEEDS");
  const std::uint64_t seeds = asked != nullptr ? std::strtoull(asked, nullptr, 10) : kSeeds;
  const std::vector<std::string> clusters = chaos_clusters();
  ASSERT_GE(clusters.size(), 5u);
  const std::uint64_t first = hash_bytes(commit()) >> 16;
  const std::uint64_t each = (seeds + clusters.size() - 1) / clusters.size();
  message("seeds {} to {} of each cluster, from commit {}\n", first, first + each - 1, commit());
  ChaosTally all;
  for (const std::string& cluster : clusters) expect_none(cluster, {first, first + each - 1}, all);
  EXPECT_EQ(all.seeds, each * clusters.size());
  EXPECT_GT(all.fired, all.seeds);
  message("{} seeds, {} packets, {} firings\n", all.seeds, all.packets, all.fired);
  for (const auto& [one, other] : all.never_met()) message("never met: {} and {}\n", one, other);
}

TEST(Seeds, KeptOnesBreakNothing) {
  std::ifstream kept(std::string(SOLITON_SOURCE_DIR) + "/tests/chaos/kept_seeds.txt");
  ChaosTally all;
  for (std::string line; std::getline(kept, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    std::istringstream words(line);
    std::string cluster;
    std::uint64_t seed = 0;
    ASSERT_TRUE(words >> cluster >> seed) << line;
    expect_none(std::string(SOLITON_SOURCE_DIR) + "/tests/chaos/clusters/" + cluster + ".yaml",
                {seed, seed}, all);
  }
  EXPECT_GE(all.seeds, 3u);
}

}  // namespace
}  // namespace soliton
