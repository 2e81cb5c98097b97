// What nodes refused, on its way into results.
#include <gtest/gtest.h>

#include "cluster/run/fill_results.h"

namespace soliton {
namespace {

TEST(Refused, EachCauseIsAddedUpOverTheNodes) {
  const PreparedRun run;
  ClusterOutcome outcome;
  NodeStats stats;
  stats.carrier.strangers = 1;
  stats.ltl.dropped_stale = 10;
  stats.ltl.dropped_unauthentic = 100;
  stats.ltl.dropped_replayed = 1'000;
  stats.ltl.dropped_checksum = 10'000;
  stats.ltl.dropped_malformed = 100'000;
  outcome.stats = {stats, std::nullopt, stats};  // the second did not live to say
  RunResults results;
  fill_fabric(run, outcome, results);
  std::vector<std::uint64_t> counts;
  for (const RefusedPackets& refused : refused_packets(results.ltl))
    counts.push_back(refused.count);
  EXPECT_EQ(counts, (std::vector<std::uint64_t>{2, 20, 200, 2'000, 20'000, 200'000}));
}

}  // namespace
}  // namespace soliton
