// Messages of a file: when they leave, and what is said of a file with mistakes.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/cluster_text.h"
#include "tests/sim/workloads/play.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

class TraceFile : public testing::Test {
 protected:
  TraceFile()
      : path_(std::filesystem::temp_directory_path() /
              fmt::format("soliton-trace-{}.csv", getpid())) {}
  ~TraceFile() override { std::filesystem::remove(path_); }

  std::string cluster(const std::string& rows, const std::string& kind = "kind: trace") {
    std::ofstream(path_) << rows;
    return cluster_of("{kind: rack}", fmt::format("{{{}, file: \"{}\"}}", kind, path_.string()));
  }
  std::string error_of(const std::string& yaml) {
    const Checked<ClusterSpec> spec =
        read_cluster_text(yaml, "test.yaml", {}, {SOLITON_SOURCE_DIR});
    return spec ? "" : spec.error().text();
  }

  std::filesystem::path path_;
};

TEST_F(TraceFile, MessagesLeaveAtTheirInstantsAndAfterThoseTheyWaitFor) {
  const RunResults results = play_workload(
      cluster("at,from,to,bytes,after\n"
              "10 us, f0, f1, 1000,\n"
              "0 s,   f1, f2, 64,   1\n"  // waits for the first
              "2 us,  f3, f4, 2 kB,\n"
              "1 us,  f0, f1, 8,\n"           // behind the first to the same node
              "100 us, f2, f0, 100 KiB, 2\n"  // its instant is later than what it waits for
              "# the end\n"));
  ASSERT_EQ(results.requests.size(), 5u);
  const auto& r = results.requests;
  EXPECT_EQ(r[0].sent, kRunStart + microseconds(10));
  EXPECT_EQ(r[1].sent, r[0].completed);
  EXPECT_EQ(r[2].sent, kRunStart + microseconds(2));
  EXPECT_EQ(r[3].sent, r[0].sent);
  EXPECT_EQ(r[4].sent, kRunStart + microseconds(100));
  EXPECT_EQ(results.traffic->bytes, 1'000u + 64 + 2'000 + 8 + 102'400);
  ASSERT_TRUE(results.traffic->bound);
  EXPECT_GE(results.traffic->time, *results.traffic->bound);
  EXPECT_LE(in_us(results.traffic->time), 1.05 * in_us(*results.traffic->bound));
}

TEST_F(TraceFile, AllMistakesAreNamedWithTheirLines) {
  const std::string errors =
      error_of(cluster("at,from,to,bytes,after\n"
                       "10, f0, f1, 64,\n"
                       "0 s, f0, f9, 64,\n"
                       "0 s, f1, f1, 64,\n"
                       "0 s, f1, f2, 0,\n"
                       "0 s, f1, f2, 64, 9\n"
                       "0 s, f1, f2\n"
                       "0 s, f3, f2, 64, 1\n"));
  const auto line = [&](int number) { return fmt::format("{}:{}: ", path_.string(), number); };
  EXPECT_THAT(errors, HasSubstr(line(2) + "at: "));
  EXPECT_THAT(errors, HasSubstr(line(3) + "to: no node called \"f9\"; did you mean"));
  EXPECT_THAT(errors, HasSubstr(line(4) + "f1 would send to itself"));
  EXPECT_THAT(errors, HasSubstr(line(5) + "bytes: 0 is not between 1 B and 1 GiB"));
  EXPECT_THAT(errors, HasSubstr(line(6) + "after: 9 is not the number of a message above"));
  EXPECT_THAT(errors, HasSubstr(line(7) + "has 3 values for 5 columns"));
  EXPECT_THAT(errors, HasSubstr(line(8) + "after: message 1 does not go to f3"));
}

TEST_F(TraceFile, FilesWithoutMessagesAreRefused) {
  EXPECT_THAT(error_of(cluster("")), HasSubstr("is empty; its first line names the columns"));
  EXPECT_THAT(error_of(cluster("at,from,to,bytes\n")), HasSubstr("has no message below"));
  EXPECT_THAT(error_of(cluster("from,to,bytes,at\n0 s,f0,f1,3\n")),
              HasSubstr("names the columns from,to,bytes,at; due are at,from,to,bytes"));
  EXPECT_THAT(error_of(cluster(std::string(1'000, '\0'))), HasSubstr(path_.string()));
}

TEST_F(TraceFile, RandomTracesEndAndAreNotFasterThanTheirBound) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Random chance(seed, "trace");
    std::string rows = "at,from,to,bytes,after\n";
    std::vector<std::uint64_t> to;
    for (std::uint64_t i = 0; i < 60; ++i) {
      const std::uint64_t from = chance.below(8 * i, 8);
      to.push_back((from + 1 + chance.below(8 * i + 1, 7)) % 8);
      std::string after;
      for (std::uint64_t j = 0; j < i; ++j)
        if (to[j] == from && chance.below(8 * i + 2, 3) == 0) after = std::to_string(j + 1);
      rows += fmt::format("{} ns,f{},f{},{},{}\n", chance.below(8 * i + 3, 3'000), from, to.back(),
                          1 + chance.below(8 * i + 4, 4'000), after);
    }
    SCOPED_TRACE(rows);
    const RunResults results = play_workload(cluster(rows));
    ASSERT_TRUE(results.traffic && results.traffic->bound);
    EXPECT_GE(results.traffic->time, *results.traffic->bound);
  }
}

TEST_F(TraceFile, SizesOfBackgroundComeFromAFile) {
  const auto background = [&](const std::string& rows) {
    std::ofstream(path_) << rows;
    return fmt::format(
        "topology: rack\nnodes: [{{name: \"f[0-7]\", device: bw-s10}}]\nworkloads:\n  - {{kind: "
        "ping, from: f0, to: f7, count: 60}}\n  - {{kind: background, nodes: \"f[0-7]\", sizes: "
        "file, file: \"{}\", busy: 20 %}}\n",
        path_.string());
  };
  // All messages have 500 or 1,500 bytes.
  const RunResults results = play_workload(background("499 0\n500, 50\n1499 50.0\n1500 100\n"));
  ASSERT_TRUE(results.background);
  EXPECT_GT(results.background->messages, 20u);
  EXPECT_NEAR(static_cast<double>(results.background->bytes) /
                  static_cast<double>(results.background->messages),
              1'000, 300);
  const std::string errors = error_of(background("10 0\n9 5\n20\n30 x\n40 2\n50 1\n"));
  for (const char* what :
       {":2: 9 bytes is not above the 10", ":3: has 1 values", ":4: \"x %\"", ":6: 1 % is below"})
    EXPECT_THAT(errors, HasSubstr(what));
  EXPECT_THAT(error_of(background("10 0\n20 90\n")),
              HasSubstr("ends without a size that 100 % of the messages do not exceed"));
}

}  // namespace
}  // namespace soliton
