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
  const RefusedPackets& refused = results.ltl.refused;
  EXPECT_EQ(refused.stranger, 2u);
  EXPECT_EQ(refused.stale, 20u);
  EXPECT_EQ(refused.forged, 200u);
  EXPECT_EQ(refused.replayed, 2'000u);
  EXPECT_EQ(refused.checksum, 20'000u);
  EXPECT_EQ(refused.malformed, 200'000u);
  EXPECT_EQ(refused.total(), 222'222u);
}

}  // namespace
}  // namespace soliton
