#include "cluster/experiment/point.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/experiment/samples.h"
#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

TEST(ParsePoint, ReadsTheNumbersOfResultsJson) {
  const PointNumbers n = parse_point(results_json(sample::run(100))).value();
  EXPECT_EQ(n.latency_mean_us, 100);
  EXPECT_EQ(n.latency_p99_us, 100);
  EXPECT_EQ(n.throughput_rps, 10'000);
  EXPECT_EQ(n.completed, 4);
  EXPECT_EQ(n.nodes_used, 2);
  EXPECT_EQ(n.moved_bytes_per_request(), 1000);
  EXPECT_EQ(n.network_share(), 0.25);
  EXPECT_EQ(n.cut_bytes_per_request, 640);
  EXPECT_FALSE(n.utilization.has_value());
  EXPECT_TRUE(n.complete);
}

TEST(ParsePoint, OfARunWithoutCompletedRequestsLeavesNumbersUnset) {
  const PointNumbers n = parse_point(results_json(RunResults{})).value();
  EXPECT_FALSE(n.latency_mean_us);
  EXPECT_FALSE(n.network_share());
  EXPECT_FALSE(n.moved_bytes_per_request());
}

TEST(ParsePoint, RefusesWhatIsNoResultsJson) {
  for (const char* text : {"", "{", "[]", "42", "{}", R"({"soliton": "0.1.0"})",
                           R"({"soliton": "0.1.0", "complete": 1})"})
    EXPECT_FALSE(parse_point(text)) << text;
}

TEST(ParsePoint, MembersOfTheWrongKindAreUnset) {
  const auto n = parse_point(
      R"({"soliton": "1", "complete": true, "latency_us": 5, "requests": [], "fabric": {"bytes": "x"}})");
  ASSERT_TRUE(n);
  EXPECT_FALSE(n->latency_mean_us);
  EXPECT_EQ(n->completed, 0);
}

TEST(PointFingerprint, ChangesWithEveryInputAndNotWithHowTheyAreCut) {
  const std::string base = point_fingerprint("name: a", {"a=1", "b=2"}, "");
  EXPECT_EQ(base, point_fingerprint("name: a", {"a=1", "b=2"}, ""));
  EXPECT_NE(base, point_fingerprint("name: b", {"a=1", "b=2"}, ""));
  EXPECT_NE(base, point_fingerprint("name: a", {"b=2", "a=1"}, ""));
  EXPECT_NE(base, point_fingerprint("name: a", {"a=1b=2"}, ""));
  EXPECT_NE(base, point_fingerprint("name: a", {"a=1", "b=2"}, "devices"));
}

TEST(KeptPoint, IsThereOnlyWhenCompleteAndOfTheSameInputs) {
  const ScratchFolder scratch;
  const std::string folder = scratch / "points/rows-2";
  EXPECT_FALSE(kept_point(folder, "f1"));
  ASSERT_TRUE(store_point(folder, "f1", sample::run(10)));
  ASSERT_TRUE(kept_point(folder, "f1"));
  EXPECT_EQ(kept_point(folder, "f1")->latency_mean_us, 10);
  EXPECT_FALSE(kept_point(folder, "f2"));
}

TEST(KeptPoint, OfAnIncompleteRunIsNotKeptEvenIfAnOldOneWas) {
  const ScratchFolder scratch;
  const std::string folder = scratch / "p";
  ASSERT_TRUE(store_point(folder, "f1", sample::run(10)));
  RunResults stopped = sample::run(10);
  stopped.complete = false;
  ASSERT_TRUE(store_point(folder, "f1", stopped));
  EXPECT_FALSE(kept_point(folder, "f1"));
}

TEST(KeptPoint, WithDamagedResultsIsNotKept) {
  const ScratchFolder scratch;
  ASSERT_TRUE(store_point(scratch / "p", "f1", sample::run(10)));
  ASSERT_TRUE(write_file(scratch / "p/results.json", "{\"soliton\": "));
  EXPECT_FALSE(kept_point(scratch / "p", "f1"));
}

}  // namespace
}  // namespace soliton
