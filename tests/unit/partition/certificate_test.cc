// What is claimed of a plan follows from what the search counted, and never says more.
#include "partition/certificate/certificate.h"

#include <gtest/gtest.h>

namespace soliton {
namespace {

SearchOutcome stopped_early() {
  SearchOutcome it;
  it.latency = microseconds(102);
  it.interval = microseconds(60);
  it.nodes = 3;
  it.latency_bound = microseconds(100);
  it.interval_bound = microseconds(50);
  it.nodes_bound = 2;
  return it;
}

TEST(Certificate, ACompleteSearchProvesTheValueItself) {
  SearchOutcome it = stopped_early();
  it.complete = true;
  const Certificate latency = certify(it);
  EXPECT_EQ(latency.verdict, "optimal");
  EXPECT_EQ(latency.lower_bound, microseconds(102));
  it.objective = Objective::kThroughput;
  EXPECT_EQ(certify(it).lower_bound, microseconds(60));
}

TEST(Certificate, NamesTheClassItCovers) {
  SearchOutcome it = stopped_early();
  EXPECT_EQ(certify(it).plan_class, "given order");
  it.chain = true;
  EXPECT_EQ(certify(it).plan_class, "contiguous");
  it.constrained = true;
  EXPECT_EQ(certify(it).plan_class, "contiguous within constraints");
  EXPECT_EQ(certify(it).verdict, "within 2.00 %");
}

TEST(Certificate, OfAGivenPlanNothingIsProved) {
  SearchOutcome it = stopped_early();
  it.given = true;
  it.complete = true;
  const Certificate given = certify(it);
  EXPECT_EQ(given.plan_class, "given plan");
  EXPECT_EQ(given.verdict, "no proof");
  EXPECT_EQ(given.value, microseconds(102));
  EXPECT_EQ(given.method, "the given plan was played");
  it.objective = Objective::kNodes;
  EXPECT_EQ(missed_words(it), "");
  it.sla = microseconds(101);
  EXPECT_EQ(missed_words(it), "SLA 101 us is not met by the given plan: 102 us on 3 nodes");
}

TEST(Certificate, TheGapIsRoundedUp) {
  SearchOutcome it = stopped_early();
  EXPECT_EQ(certify(it).verdict, "within 2.00 %");
  it.latency = picoseconds(100'000'001);  // 1 / 10^8 above the bound
  EXPECT_EQ(certify(it).verdict, "within 0.01 %");
  it.objective = Objective::kThroughput;
  EXPECT_EQ(certify(it).verdict, "within 20.00 %");
}

TEST(Certificate, WithoutABoundNothingIsProved) {
  SearchOutcome it = stopped_early();
  it.latency_bound = Duration{};
  EXPECT_EQ(certify(it).verdict, "no proof");
}

TEST(Certificate, FewNodesCountWhileTheSlaIsMet) {
  SearchOutcome it = stopped_early();
  it.objective = Objective::kNodes;
  it.sla = microseconds(110);
  EXPECT_EQ(certify(it).verdict, "within 50.00 %");  // 3 nodes against a bound of 2
  EXPECT_EQ(missed_words(it), "");
  it.complete = true;
  EXPECT_EQ(certify(it).nodes_bound, 3);
  EXPECT_EQ(certify(it).lower_bound, microseconds(100));
}

TEST(Certificate, AMissedSlaIsSaidWithWhatIsKnownOfIt) {
  SearchOutcome it = stopped_early();
  it.objective = Objective::kNodes;
  it.sla = microseconds(101);
  EXPECT_EQ(certify(it).verdict, "within 2.00 %");
  EXPECT_EQ(missed_words(it),
            "SLA 101 us is not met (no proof): lower bound 100 us (of every plan); "
            "best found 102 us on 3 nodes");
  it.sla = microseconds(99);
  EXPECT_EQ(missed_words(it),
            "SLA 99 us cannot be met: lower bound 100 us (of every plan); "
            "best found 102 us on 3 nodes");
}

}  // namespace
}  // namespace soliton
