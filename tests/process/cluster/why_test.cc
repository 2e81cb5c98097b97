// Why a number is what it is, and what two runs differ in, as a user asks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

std::string small_cluster(const TemporaryFolder& folder, const std::string& more = "") {
  return folder.write(
      "base.yaml",
      "name: small\n"
      "processes: packed\n"
      "nodes: [{name: \"fpga[0-1]\", device: bw-pocket}, {name: host0, device: cpu}]\n"
      "model: {rnn: {cell: gru, hidden: 64, steps: 4}}\n"
      "workload: {requests: 20}\n" +
          more);
}

// Of a row of requests.csv: compute, network, queue and host, in us.
std::map<std::string, double> request_parts(const std::string& folder, std::int64_t number) {
  std::istringstream csv(read_text(folder + "/requests.csv"));
  const auto cells = [](const std::string& line) {
    std::vector<std::string> out;
    std::istringstream in(line);
    for (std::string cell; std::getline(in, cell, ',');) out.push_back(cell);
    return out;
  };
  std::string line;
  std::getline(csv, line);
  const std::vector<std::string> head = cells(line);
  std::map<std::string, double> out;
  while (std::getline(csv, line)) {
    const std::vector<std::string> row = cells(line);
    if (row[0] != std::to_string(number)) continue;
    for (std::size_t i = 0; i < head.size() && i < row.size(); ++i)
      if (head[i].ends_with("_us")) out[head[i].substr(0, head[i].size() - 3)] = std::stod(row[i]);
  }
  return out;
}

TEST(Why, RanksWhatAClusterWouldGainFrom) {
  const TemporaryFolder folder;
  const Ended ended = run_soliton({"why", small_cluster(folder), "--json"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  const auto json = nlohmann::json::parse(ended.out);
  double last = 1;
  int known = 0;
  for (const auto& gain : json["gains"]) {
    if (gain["gain"].is_null()) {
      EXPECT_FALSE(gain["refused"].is_null()) << gain;
      continue;
    }
    ++known;
    EXPECT_LE(gain["gain"].get<double>(), last) << "not ranked";
    last = gain["gain"];
    if (gain["change"] == "half the latency of all cables") {
      EXPECT_GT(gain["gain"].get<double>(), 0.05);
    }
  }
  EXPECT_GE(known, 5);
  // A host and two devices: the path leaves the host and comes back to it.
  ASSERT_EQ(json["critical_paths"].size(), 2u);
  for (const auto& path : json["critical_paths"]) {
    double sum = 0;
    std::set<std::string> kinds;
    for (const auto& part : path["parts"]) {
      sum += part["time_us"].get<double>();
      kinds.insert(part["what"]);
    }
    EXPECT_NEAR(sum, path["latency_us"].get<double>(), 1e-6);
    EXPECT_TRUE(kinds.contains("compute") && kinds.contains("network")) << path;
  }
  EXPECT_GT(json["efficiency"].get<double>(), 0);
  EXPECT_LE(json["efficiency"].get<double>(), 1);
}

// The four parts of the path of a run's records are those of its path by place.
TEST(Why, PathsByPlaceAddUpToTheirPartsInResults) {
  const TemporaryFolder folder;
  ASSERT_EQ(
      run_soliton({"run", small_cluster(folder), "--out", folder.file("run"), "--quiet"}).status,
      0);
  const auto json = read_json(folder.file("run/results.json"));
  ASSERT_FALSE(json["critical_paths"].empty());
  const auto& path = json["critical_paths"][0];
  std::map<std::string, double> parts;
  for (const auto& part : path["parts"]) parts[part["what"]] += part["time_us"].get<double>();
  // One client in a closed loop: all requests but the first are alike.
  EXPECT_EQ(path["latency_us"], json["latency_us"]["p50"]);
  std::map<std::string, double> row = request_parts(folder.file("run"), path["request"]);
  // Queue and host are rounded down to nanoseconds in headers, and what is lost shows as network.
  for (const char* what : {"compute", "network", "queue", "host"})
    EXPECT_NEAR(parts[what], row[what], 0.1) << what;
  EXPECT_THAT(read_text(folder.file("run/summary.txt")), HasSubstr("\npath      median request "));
  EXPECT_THAT(read_text(folder.file("run/report.html")), HasSubstr("on the critical path"));
}

TEST(Why, InputThatIsNoRunIsRefused) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.file("empty"));
  const Ended empty = run_soliton({"why", folder.file("empty")});
  EXPECT_EQ(empty.status, 2);
  EXPECT_THAT(empty.err, HasSubstr("is not the folder of a run: it has no cluster.yaml"));
  EXPECT_EQ(run_soliton({"why", folder.file("none")}).status, 2);
  EXPECT_EQ(run_soliton({"why", folder.write("cluster.yaml", "nodes: [")}).status, 2);
}

TEST(Why, TakesTheFolderOfARun) {
  const TemporaryFolder folder;
  ASSERT_EQ(
      run_soliton({"run", small_cluster(folder), "--out", folder.file("run"), "--quiet"}).status,
      0);
  const Ended ended = run_soliton({"why", folder.file("run")});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("twice the clock of the devices"));
  EXPECT_THAT(ended.out, HasSubstr("no faults                          there are none"));
}

TEST(Compare, TwoRunFolders) {
  const TemporaryFolder folder;
  const std::string file = small_cluster(folder, "expect: {p99: \"< 1 s\", p50: \"< 1 ns\"}\n");
  EXPECT_EQ(run_soliton({"run", file, "--out", folder.file("a"), "--quiet", "--junit",
                         folder.file("junit.xml")})
                .status,
            1);
  EXPECT_THAT(read_text(folder.file("junit.xml")),
              HasSubstr("tests=\"4\" failures=\"1\" errors=\"0\""));
  run_soliton({"run", file, "--out", folder.file("b"), "--quiet", "--set", "model.rnn.steps=8"});
  const Ended ended = run_soliton({"compare", folder.file("a"), folder.file("b")});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("latency_us.p99_9"));
  const Ended page = run_soliton({"compare", folder.file("a"), folder.file("b"), "--html",
                                  folder.file("page.html"), "--json"});
  EXPECT_EQ(page.status, 0) << page.err;
  EXPECT_EQ(nlohmann::json::parse(page.out)["points"].size(), 1u);
  EXPECT_THAT(read_text(folder.file("page.html")), HasSubstr("latency_us.p99_9"));
  EXPECT_EQ(run_soliton({"compare", folder.file("a"), folder.file("b"), "--html",
                         folder.file("none/page.html")})
                .status,
            6);
  EXPECT_EQ(run_soliton({"compare", folder.file("a")}).status, 2);
  EXPECT_EQ(run_soliton({"compare", folder.file("a"), folder.file("none")}).status, 2);
}

TEST(Compare, SweepsWithThreeSeedsTellNoiseFromMore) {
  const TemporaryFolder folder;
  small_cluster(folder, "compute: timing\n");
  const std::string experiment = folder.write(
      "e.yaml", "name: e\ncluster: base.yaml\ngrid: {model.rnn.steps: [4, 8]}\nseeds: [1, 2, 3]\n");
  for (const char* of : {"a", "b"}) {
    std::vector<std::string> words = {"sweep", experiment, "--out", folder.file(of), "--quiet"};
    if (*of == 'b') words.insert(words.end(), {"--set", "nodes[0].device=bw-a10"});
    ASSERT_EQ(run_soliton(words).status, 0);
  }
  const Ended ended = run_soliton({"compare", folder.file("a"), folder.file("b"), "--json"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  const auto json = nlohmann::json::parse(ended.out);
  ASSERT_EQ(json["points"].size(), 2u);
  for (const auto& point : json["points"])
    EXPECT_EQ(point["numbers"]["latency_us.mean"]["beyond_noise"], true) << point;
  // A sweep is no run.
  ASSERT_EQ(
      run_soliton({"run", folder.file("base.yaml"), "--out", folder.file("run"), "--quiet"}).status,
      0);
  const Ended mixed = run_soliton({"compare", folder.file("a"), folder.file("run")});
  EXPECT_EQ(mixed.status, 2);
  EXPECT_THAT(mixed.err, HasSubstr("compare takes two of a kind"));
}

}  // namespace
}  // namespace soliton
