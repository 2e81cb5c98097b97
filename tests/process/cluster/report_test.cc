// The page of a run, made again of its folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

struct Report : testing::Test {
  TemporaryFolder folder;
  std::string out = folder.file("run");

  void run() const {
    const Ended ended = run_soliton({"run", "configs/faults/loss.yaml", "--quiet", "--processes",
                                     "packed", "--out", out, "--set", "trace.links=100 us"});
    ASSERT_EQ(ended.status, 0) << ended.err;
  }
  std::string page() const { return read_text(out + "/report.html"); }
};

TEST_F(Report, OfACompleteRunIsTheSameBytes) {
  run();
  const std::string first = page();
  for (const char* part : {"Latency over time", "Links over time", "<h2>Plan</h2>",
                           "the median of the 16 that were traced", "data-kind=\"tick\""})
    EXPECT_THAT(first, HasSubstr(part));
  EXPECT_LT(first.size(), 2'000'000U);
  fs::remove(out + "/report.html");
  const Ended again = run_soliton({"report", out});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(again.err, "");
  EXPECT_THAT(again.out, HasSubstr("report.html"));
  EXPECT_EQ(page(), first);
}

TEST_F(Report, OfADamagedFolderSaysWhatIsMissing) {
  run();
  for (const char* gone : {"results.json", "trace.json", "plan.json", "links_series.csv"})
    fs::remove(out + "/" + gone);
  fs::resize_file(out + "/requests.csv", fs::file_size(out + "/requests.csv") / 2);
  std::ofstream(out + "/cluster.yaml") << "name: [";
  const Ended ended = run_soliton({"report", out});
  EXPECT_EQ(ended.status, 0);
  for (const char* said : {"results.json is not there", "trace.json is not there",
                           "cluster.yaml cannot be read", "1 line of requests.csv is damaged"}) {
    EXPECT_THAT(ended.err, HasSubstr(said));
    EXPECT_THAT(page(), HasSubstr(said));
  }
  EXPECT_THAT(page(), HasSubstr("How many requests took how long"));
}

TEST_F(Report, OfNoRunIsRefused) {
  EXPECT_EQ(run_soliton({"report", folder.file("none")}).status, 2);
  fs::create_directory(out);
  const Ended empty = run_soliton({"report", out});
  EXPECT_EQ(empty.status, 2);
  EXPECT_THAT(empty.err, HasSubstr("not the folder of a run"));
  EXPECT_FALSE(fs::exists(out + "/report.html"));
}

TEST_F(Report, OfASweepIsMadeByTheSweep) {
  fs::create_directory(out);
  std::ofstream(out + "/sweep.json") << "{}";
  const Ended ended = run_soliton({"report", out});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("is the folder of a sweep, whose page is report.html in it"));
}

}  // namespace
}  // namespace soliton
