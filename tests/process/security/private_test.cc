// Who may read what a run leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

// The usual one, whatever the test runs under.
class Private : public testing::Test {
 protected:
  Private() : before_(umask(022)) {}
  ~Private() override { umask(before_); }

  static unsigned mode(const fs::path& path) {
    return static_cast<unsigned>(fs::status(path).permissions());
  }
  std::vector<std::string> run(const std::string& out, bool shared) const {
    std::vector<std::string> words{
        "run",   "configs/quickstart.yaml", "--quiet", "--processes",        "packed",
        "--out", folder_.file(out),         "--set",   "workload.requests=2"};
    if (shared) words.push_back("--shared");
    return words;
  }

  TemporaryFolder folder_;
  mode_t before_;
};

TEST_F(Private, ARunIsItsUsersAlone) {
  ASSERT_EQ(run_soliton(run("above/run", false)).status, 0);
  EXPECT_EQ(mode(folder_.file("above")), 0755U);  // holds nothing of the run
  EXPECT_EQ(mode(folder_.file("above/run")), 0700U);
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder_.file("above/run"))) {
    EXPECT_EQ(mode(entry.path()), entry.is_directory() ? 0700U : 0600U) << entry.path();
    ++files;
  }
  EXPECT_GT(files, 7U);
}

// Also of a folder that others may enter: nobody said that they may read what is new in it.
TEST_F(Private, FilesInAnOpenFolderAreItsUsersAlone) {
  fs::create_directory(folder_.file("open"));
  ASSERT_EQ(run_soliton(run("open", false)).status, 0);
  EXPECT_EQ(mode(folder_.file("open")), 0755U);
  for (const char* name : {"results.json", "requests.csv", "report.html", "cluster.yaml"})
    EXPECT_EQ(mode(folder_.file("open") + "/" + name), 0600U) << name;
}

TEST_F(Private, ASharedRunIsReadAsTheUmaskSays) {
  ASSERT_EQ(run_soliton(run("run", true)).status, 0);
  EXPECT_EQ(mode(folder_.file("run")), 0755U);
  EXPECT_EQ(mode(folder_.file("run/results.json")), 0644U);
  EXPECT_EQ(mode(folder_.file("run/report.html")), 0644U);
  // Logs may quote text that other users should not read.
  EXPECT_EQ(mode(folder_.file("run/log")), 0700U);
}

TEST_F(Private, ASweepIsToo) {
  const std::string cluster = folder_.write(
      "cluster.yaml",
      "name: small\nnodes: [{name: \"fpga[0-1]\", device: bw-s10}]\n"
      "workload: {kind: ping, from: fpga0, to: fpga1, bytes: 64, count: 10}\nprocesses: packed\n");
  const std::string experiment = folder_.write(
      "experiment.yaml",
      "name: pings\ncluster: cluster.yaml\nseries: [{name: bytes, axis: workload.bytes, points: "
      "[{x: 64}]}]\n");
  for (const bool shared : {false, true}) {
    std::vector<std::string> words{"sweep", experiment, "--quiet", "--out",
                                   folder_.file(shared ? "shared" : "private")};
    if (shared) words.push_back("--shared");
    const Ended ended = run_soliton(words);
    ASSERT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(mode(words[4]), shared ? 0755U : 0700U);
    EXPECT_EQ(mode(words[4] + "/sweep.csv"), shared ? 0644U : 0600U);
  }
}

}  // namespace
}  // namespace soliton
