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
      R"({"soliton": "0.1.0", "complete": true, "latency_us": 5, "requests": [], "fabric": {"bytes": "x"}})");
  ASSERT_TRUE(n);
  EXPECT_FALSE(n->latency_mean_us);
  EXPECT_EQ(n->completed, 0);
}

TEST(ParsePoint, OfAnotherVersionIsRefused) {
  EXPECT_FALSE(parse_point(R"({"soliton": "0.0.9", "complete": true})"));
}

TEST(PointFolders, AreDifferentWhateverTheNames) {
  PointFolders folders("out");
  EXPECT_EQ(folders.next("rows", 2), "out/points/rows-2");
  EXPECT_EQ(folders.next("rows", 2), "out/points/rows-2~2");
  EXPECT_EQ(folders.next("ROWS", 2), "out/points/ROWS-2~3");
  EXPECT_EQ(folders.next("rows-2", 2), "out/points/rows-2-2");
}

TEST(PointRecord, ReadsBackAndRefusesAnythingElse) {
  const PointRecord record{"a", {{"x \"y\".npy", "b"}, {"../z", "c"}}, "d"};
  const std::optional<PointRecord> read = parse_record(record_text(record));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->cluster, "a");
  EXPECT_EQ(read->results, "d");
  ASSERT_EQ(read->files.size(), 2u);
  EXPECT_EQ(read->files[0].path, "x \"y\".npy");
  EXPECT_EQ(read->files[1].sha256, "c");
  for (const char* text : {"", "{", "[]", "{}", R"({"version": 2})", R"({"version": 1})",
                           R"({"version": 1, "files": [4]})", R"({"version": "1", "files": []})"})
    EXPECT_FALSE(parse_record(text)) << text;
}

class KeptPoint : public testing::Test {
 protected:
  void store(const RunResults& results) {
    ASSERT_TRUE(clear_point(folder_));
    const std::string text = results_json(results);
    const Result<std::string> digest = write_results(folder_, text);
    ASSERT_TRUE(digest);
    record_ = PointRecord{"one", {}, *digest};
  }
  std::optional<PointNumbers> kept(const std::string& identity) {
    return kept_point(folder_, record_, ClusterSpec{}, identity, digests_);
  }

  ScratchFolder scratch_;
  std::string folder_ = scratch_ / "points/rows-2";
  std::optional<PointRecord> record_;
  FileDigests digests_;
};

TEST_F(KeptPoint, IsThereOnlyWhenCompleteAndOfTheSameInputs) {
  EXPECT_FALSE(kept("one"));
  store(sample::run(10));
  ASSERT_TRUE(kept("one"));
  EXPECT_EQ(kept("one")->latency_mean_us, 10);
  EXPECT_FALSE(kept("two"));
}

TEST_F(KeptPoint, OfAnIncompleteRunIsNotKeptEvenIfAnOldOneWas) {
  store(sample::run(10));
  RunResults stopped = sample::run(10);
  stopped.complete = false;
  store(stopped);
  EXPECT_FALSE(kept("one"));
}

TEST_F(KeptPoint, WithDamagedResultsIsNotKept) {
  store(sample::run(10));
  ASSERT_TRUE(write_file(folder_ + "/results.json", "{\"soliton\": "));
  EXPECT_FALSE(kept("one"));
}

}  // namespace
}  // namespace soliton
