// `run --threads`: several threads play the nodes and the network of a packed run, and write the same
// bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Two ways between racks, marks, a full queue, chance, and a cable that fails and is led around.
constexpr const char* kRacks = R"(
name: racks
seed: 5
nodes: [{name: "fpga[0-23]", device: bw-pocket}]
topology: {kind: leaf-spine, leaves: 4, spines: 2, hosts_per_leaf: 6, uplink: 40 Gb/s, ecn: true, links: [{link: "leaf0-*", queue: 30 kB}]}
workload: {kind: all-gather, nodes: "fpga[0-23]", schedule: direct, bytes: 20 kB, count: 3}
faults:
  - {link: "leaf1-*", loss: 2 %}
  - {link: fpga3-leaf0, delay: 3 us, jitter: 2 us}
  - {link: leaf2-spine0, at: 30 us, for: 100 us, link_down: true}
trace: {requests: 4, links: 10 us}
)";

struct ThreadsTest : testing::Test {
  // Runs the file into a folder of this name.
  void run(const std::string& name, const std::string& file, std::vector<std::string> options) {
    std::vector<std::string> arguments{"run", file, "--quiet", "--out", folder.file(name)};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Ended ended = run_soliton(arguments);
    EXPECT_EQ(ended.status, 0) << ended.err;
  }
  void expect_equal(const std::string& a, const std::string& b,
                    const std::vector<std::string>& files) {
    EXPECT_EQ(results_without_wall(folder.file(a)), results_without_wall(folder.file(b)));
    for (const std::string& file : files)
      EXPECT_EQ(read_text(folder.file(a) + "/" + file), read_text(folder.file(b) + "/" + file))
          << file;
  }

  TemporaryFolder folder;
};

TEST_F(ThreadsTest, WriteTheBytesOfOne) {
  folder.write("racks.yaml", kRacks);
  const std::string file = folder.file("racks.yaml");
  const std::vector<std::string> files{"requests.csv", "links.csv", "links_series.csv",
                                       "trace.json"};
  run("processes", file, {});
  for (const char* threads : {"1", "2", "3", "8"}) {
    run(threads, file, {"--processes", "packed", "--threads", threads});
    expect_equal("processes", threads, files);
  }
  const auto results = read_json(folder.file("1") + "/results.json");
  EXPECT_GT(results["fabric"]["dropped"], 0);
  EXPECT_GT(results["fabric"]["ecn_marked"], 0);
}

TEST_F(ThreadsTest, ServeAModel) {
  const std::string file = "configs/quickstart.yaml";
  run("one", file, {"--processes", "packed", "--set", "workload.requests=20"});
  run("four", file, {"--processes", "packed", "--set", "workload.requests=20", "--threads", "4"});
  expect_equal("one", "four", {"requests.csv", "links.csv", "trace.json", "outputs.npy"});
}

TEST_F(ThreadsTest, AreForPackedNodes) {
  folder.write("racks.yaml", kRacks);
  const Ended ended = run_soliton({"run", folder.file("racks.yaml"), "--threads", "2"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("--threads 2"), HasSubstr("--processes packed")));
}

}  // namespace
}  // namespace soliton
