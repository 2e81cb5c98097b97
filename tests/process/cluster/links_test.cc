// What each direction of a cable carried, and over which of them packets go: nothing comes out of a
// switch that did not go in, and what did not come out was dropped there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Eight senders into one port with a short queue, over two switches and a cable that loses packets.
constexpr const char* kCluster = R"(
name: incast
seed: 5
nodes: [{name: "fpga[0-8]", device: bw-pocket}]
topology:
  kind: explicit
  routing: fixed
  ecn: false
  switches: [{name: "s[0-1]", forwarding: 300 ns}]
  links:
    - {between: ["fpga[0-7]", s0], latency: 500 ns, queue: 1 MiB}
    - {between: [fpga8, s1], latency: 500 ns, queue: 1 MiB}
    - {between: [s0, s1], latency: 500 ns, queue: 20 kB}
    - {between: [fpga0, s1], latency: 5 us, name: spare}
workload: {kind: incast, from: "fpga[0-7]", to: fpga8, bytes: 64 KiB, count: 20}
faults: [{link: fpga3-s0, loss: 2 %}]
trace: {requests: 0}
)";

struct Incast {
  TemporaryFolder folder;
  nlohmann::json results;
  std::map<std::string, nlohmann::json> links;

  explicit Incast(const std::vector<std::string>& options = {}) {
    folder.write("cluster.yaml", kCluster);
    std::vector<std::string> arguments{"run", folder.file("cluster.yaml"), "--quiet", "--out",
                                       folder.file("run")};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Ended ended = run_soliton(arguments);
    EXPECT_EQ(ended.status, 0) << ended.err;
    results = read_json(folder.file("run/results.json"));
    for (const auto& link : results["links"]) links[link["link"]] = link;
  }
  std::uint64_t of(const std::string& link, const char* key) const {
    return links.contains(link) ? links.at(link)[key].get<std::uint64_t>() : 0;
  }
};

TEST(Links, WhatGoesIntoASwitchComesOutOrIsDropped) {
  const Incast run;
  std::uint64_t in = 0, lost = 0, handed_over = 0, dropped = 0;
  for (int i = 0; i < 8; ++i) {
    const std::string name = "fpga" + std::to_string(i) + " -> s0";
    in += run.of(name, "packets");
    lost += run.of(name, "dropped_fault");
  }
  in += run.of("s1 -> s0", "packets");
  std::uint64_t out = run.of("s0 -> s1", "packets") + run.of("s0 -> s1", "dropped_queue");
  for (int i = 0; i < 8; ++i) out += run.of("s0 -> fpga" + std::to_string(i), "packets");
  EXPECT_EQ(in, out + lost);
  EXPECT_GT(lost, 0U);
  EXPECT_GT(run.of("s0 -> s1", "dropped_queue"), 0U);
  for (const auto& [name, link] : run.links) {
    if (name.starts_with("fpga")) handed_over += link["packets"].get<std::uint64_t>();
    for (const char* cause : {"dropped_queue", "dropped_fault", "dropped_watchdog"})
      dropped += link[cause].get<std::uint64_t>();
  }
  EXPECT_EQ(handed_over, run.results["fabric"]["packets"]);
  EXPECT_EQ(dropped, run.results["fabric"]["dropped"]);
  EXPECT_LE(run.of("s0 -> s1", "queue_bytes_max"), 20'000U);
}

// The bottleneck is busy nearly all the time, and a cable on no path is not listed.
TEST(Links, AreListedBusiestFirst) {
  const Incast run;
  // The same packets cross both, and the one that the file names first comes first.
  EXPECT_EQ(run.results["links"][0]["link"], "s1 -> fpga8");
  EXPECT_EQ(run.results["links"][1]["link"], "s0 -> s1");
  EXPECT_GT(run.results["links"][0]["busy_fraction"].get<double>(), 0.8);
  double before = 1;
  for (const auto& link : run.results["links"]) {
    EXPECT_LE(link["busy_fraction"].get<double>(), before);
    before = link["busy_fraction"].get<double>();
  }
  EXPECT_FALSE(run.links.contains("fpga0 -> s1"));
  const std::string csv = read_text(run.folder.file("run/links.csv"));
  EXPECT_THAT(csv, StartsWith("link,packets,bytes,busy_fraction,dropped_queue,"));
  EXPECT_THAT(csv, HasSubstr("\ns0 -> s1," + std::to_string(run.of("s0 -> s1", "packets")) + ","));
  EXPECT_EQ(std::ranges::count(csv, '\n'), static_cast<std::ptrdiff_t>(run.links.size() + 1));
  EXPECT_THAT(read_text(run.folder.file("run/report.html")), HasSubstr("s0 -&gt; s1"));
}

TEST(Links, AreTheSameBytesPackedAndUnknownInWallTime) {
  const std::string sampled = "trace.links=10 us";
  const Incast processes({"--set", sampled}), packed({"--processes", "packed", "--set", sampled});
  for (const char* file : {"run/links.csv", "run/links_series.csv", "run/trace.json"})
    EXPECT_EQ(read_text(processes.folder.file(file)), read_text(packed.folder.file(file))) << file;
  const Incast wall({"--time", "wall", "--set", "faults=[]", "--set", sampled});
  EXPECT_TRUE(wall.results["links"].is_null());
  for (const char* file : {"run/links.csv", "run/links_series.csv"})
    EXPECT_FALSE(std::filesystem::exists(wall.folder.file(file))) << file;
}

// Lines of links_series.csv by link.
std::map<std::string, std::vector<std::vector<std::string>>> series_of(const std::string& csv) {
  std::map<std::string, std::vector<std::vector<std::string>>> out;
  std::istringstream lines(csv);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line,
            "at_us,link,packets,bytes,busy_fraction,queue_bytes,queue_bytes_max,dropped_queue,"
            "dropped_fault,dropped_watchdog,ecn_marked");
  while (std::getline(lines, line)) {
    std::istringstream text(line);
    std::vector<std::string> cells;
    for (std::string cell; std::getline(text, cell, ',');) cells.push_back(cell);
    out[cells.at(1)].push_back(cells);
  }
  return out;
}

TEST(Links, OverTimeAddUpToTheTotals) {
  const Incast run({"--set", "trace.links=10 us"});
  const auto series = series_of(read_text(run.folder.file("run/links_series.csv")));
  EXPECT_EQ(series.size(), run.links.size());
  EXPECT_EQ(run.results["links_series"]["interval_us"], 10);
  for (const auto& [name, lines] : series) {
    std::uint64_t packets = 0, bytes = 0, full = 0, lost = 0;
    double before = -1;
    for (const auto& cells : lines) {
      EXPECT_GT(std::stod(cells[0]), before) << name;
      before = std::stod(cells[0]);
      EXPECT_EQ(std::fmod(before, 10), 0) << name;
      packets += std::stoull(cells[2]);
      bytes += std::stoull(cells[3]);
      full += std::stoull(cells[7]);
      lost += std::stoull(cells[8]);
    }
    EXPECT_EQ(packets, run.of(name, "packets")) << name;
    EXPECT_EQ(bytes, run.of(name, "bytes")) << name;
    EXPECT_EQ(full, run.of(name, "dropped_queue")) << name;
    EXPECT_EQ(lost, run.of(name, "dropped_fault")) << name;
  }
  EXPECT_THAT(read_text(run.folder.file("run/report.html")), HasSubstr("Links over time"));
}

// A run that a limit ends leaves what was sampled until then.
TEST(Links, OverTimeAreWrittenAtEveryEnd) {
  const TemporaryFolder folder;
  folder.write("cluster.yaml", kCluster);
  const Ended ended =
      run_soliton({"run", folder.file("cluster.yaml"), "--quiet", "--out", folder.file("run"),
                   "--set", "trace.links=10 us", "--set", "limits.time=100 us"});
  EXPECT_EQ(ended.status, 5) << ended.err;
  const auto series = series_of(read_text(folder.file("run/links_series.csv")));
  EXPECT_GE(std::stod(series.at("s0 -> s1").back()[0]), 90);
}

// Two leaves of eight nodes; every node sends to every other.
nlohmann::json exchange(const TemporaryFolder& folder, int spines, const std::string& routing) {
  const std::string name = routing + std::to_string(spines);
  std::string text = R"(
name: spines
seed: 1
nodes: [{name: "fpga[0-15]", device: bw-pocket}]
workload: {kind: all-gather, nodes: "fpga[0-15]", bytes: 16 KiB, count: 6, schedule: direct}
trace: {requests: 0}
topology:
  kind: explicit
  ecn: false
  routing: )" + routing +
                     R"(
  switches: [{name: "leaf[0-1]"}, {name: "spine[0-3]"}]
  links:
    - {between: ["fpga[0-7]", leaf0], latency: 500 ns}
    - {between: ["fpga[8-15]", leaf1], latency: 500 ns}
)";
  for (int spine = 0; spine < spines; ++spine)
    for (const char* leaf : {"leaf0", "leaf1"})
      text += "    - {between: [" + std::string(leaf) + ", spine" + std::to_string(spine) +
              "], latency: 500 ns}\n";
  folder.write(name + ".yaml", text);
  const Ended ended =
      run_soliton({"run", folder.file(name + ".yaml"), "--quiet", "--out", folder.file(name)});
  EXPECT_EQ(ended.status, 0) << ended.err;
  return read_json(folder.file(name + "/results.json"));
}

// The busiest cable carries more than one flow's share, as flows are few and are not cut; the time goes
// with what it carries.
TEST(Links, FourSpinesAreFasterThanOneByWhatTheBusiestCarries) {
  const TemporaryFolder folder;
  const auto one = exchange(folder, 1, "ecmp"), four = exchange(folder, 4, "ecmp");
  const auto most = [](const nlohmann::json& results) {
    double bytes = 0;
    std::set<std::string> spines;
    for (const auto& link : results["links"]) {
      const std::string name = link["link"];
      if (!name.starts_with("leaf") || name.find("spine") == std::string::npos) continue;
      spines.insert(name.substr(name.find("spine")));
      bytes = std::max(bytes, link["bytes"].get<double>());
    }
    return std::pair(bytes, spines.size());
  };
  const auto seconds = [](const nlohmann::json& results) {
    return results["traffic"]["bytes"].get<double>() /
           results["traffic"]["goodput_gbps"].get<double>();
  };
  EXPECT_EQ(most(one).second, 1U);
  EXPECT_EQ(most(four).second, 4U);
  const double load = most(one).first / most(four).first;
  EXPECT_GT(load, 2);
  EXPECT_NEAR(seconds(one) / seconds(four), load, 0.15 * load);
  // Of many ways `fixed` takes one.
  EXPECT_EQ(most(exchange(folder, 4, "fixed")).second, 1U);
}

// One example a kind: sixteen nodes exchange blocks, whose contents are checked, and what a node's cables
// carry in is what others sent it.
class TopologyExamples : public testing::TestWithParam<const char*> {};

TEST_P(TopologyExamples, DeliverEveryBlock) {
  const TemporaryFolder folder;
  const std::string file = std::string("configs/topologies/") + GetParam() + ".yaml";
  const Ended ended = run_soliton({"run", file, "--quiet", "--out", folder.file("run")});
  ASSERT_EQ(ended.status, 0) << ended.err;
  const auto results = read_json(folder.file("run/results.json"));
  EXPECT_EQ(results["requests"]["completed"], results["requests"]["sent"]);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  EXPECT_EQ(results["traffic"]["bytes"], 3 * 16 * 15 * 16'384);
  EXPECT_EQ(results["fabric"]["dropped"], 0);
  std::uint64_t in = 0, out = 0;
  for (const auto& link : results["links"]) {
    const std::string name = link["link"];
    const auto arrow = name.find(" -> ");
    const auto is_node = [](const std::string& end) {
      return end.starts_with("fpga") && end.find('-') == std::string::npos;
    };
    if (is_node(name.substr(0, arrow))) out += link["packets"].get<std::uint64_t>();
    if (is_node(name.substr(arrow + 4))) in += link["packets"].get<std::uint64_t>();
  }
  EXPECT_EQ(in, out);
  EXPECT_EQ(out, results["fabric"]["packets"]);
}

// Eight hosts joined by cables, none of which passes on. From reported situations: own cluster of the
// shape of a server with eight accelerators.
constexpr const char* kHosts = R"(
name: hosts
nodes: [{name: "g[0-7]", device: bw-s10}]
topology:
  kind: explicit
  links:
    - {between: ["g[0-6]", "g[1-7]"], latency: 5 us, bandwidth: 200 Gb/s}
    - {between: [g7, g0], latency: 5 us, bandwidth: 400 Gb/s}
workload: {kind: all-gather, nodes: "g[0-7]", bytes: 64 KiB, count: 4, schedule: ring}
trace: {requests: 0}
)";

TEST(Forwarding, IsNotNeededWhereNeighboursTalkAndIsAskedForWhereOthersDo) {
  const TemporaryFolder folder;
  folder.write("hosts.yaml", kHosts);
  const auto run = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"run", folder.file("hosts.yaml"), "--quiet", "--out",
                                       folder.file("run")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_soliton(arguments);
  };
  const Ended ring = run({});
  EXPECT_EQ(ring.status, 0) << ring.err;
  const Ended refused = run({"--set", "workload.schedule=direct"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("hosts.yaml:3:"));
  EXPECT_THAT(refused.err, HasSubstr("no path between g0 and g2: a node passes on what is for "
                                     "others only with forward: true"));
  const Ended forwarded =
      run({"--set", "workload.schedule=direct", "--set", "nodes[0].forward=true"});
  EXPECT_EQ(forwarded.status, 0) << forwarded.err;
  const auto results = read_json(folder.file("run/results.json"));
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  EXPECT_EQ(results["traffic"]["bytes"], 4 * 8 * 7 * 65'536);
}

// Which of its nodes talk is not known of a workload with an error.
TEST(Forwarding, ABrokenWorkloadIsNotAskedWhoTalks) {
  const TemporaryFolder folder;
  folder.write("hosts.yaml", kHosts);
  for (const char* wrong : {"workload.schedule=doubling", "workload.kind=al-gather",
                            "workload.nodes=g[0-8]", "workload.bytes=-1"}) {
    const Ended ended = run_soliton(
        {"run", folder.file("hosts.yaml"), "--set", wrong, "--set", "nodes[0].name=g[0-6]"});
    EXPECT_EQ(ended.status, 2) << wrong << ended.err;
    EXPECT_THAT(ended.err, testing::Not(HasSubstr("no path"))) << wrong;
  }
}

// A cable is called by its nodes although it ends at their routers, from either end.
TEST(Forwarding, FaultsFindCablesByTheirNodes) {
  const TemporaryFolder folder;
  folder.write("hosts.yaml", std::string(kHosts) + "faults: [{id: cut, link: g1-g0, loss: 1 %}]\n");
  const Ended ended = run_soliton({"run", folder.file("hosts.yaml"), "--quiet", "--set",
                                   "nodes[0].forward=true", "--out", folder.file("run")});
  EXPECT_EQ(ended.status, 0) << ended.err;
  const auto results = read_json(folder.file("run/results.json"));
  EXPECT_GT(results["faults"][0]["hits"], 0);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
}

// Three quarters of what nodes send go over the spines, which are the busiest: at a quarter of their rate
// they carry a quarter in the same time.
TEST(Overrides, SlowTheCablesThatTheyName) {
  const TemporaryFolder folder;
  const auto goodput = [&](const std::string& links) {
    folder.write("c.yaml", R"(
name: leaves
seed: 1
nodes: [{name: "fpga[0-15]", device: bw-s10}]
topology: {kind: leaf-spine, leaves: 4, spines: 2, hosts_per_leaf: 4, links: [)" +
                               links +
                               R"(]}
workload: {kind: all-gather, nodes: "fpga[0-15]", bytes: 16 KiB, count: 3, schedule: direct}
trace: {requests: 0}
)");
    const Ended ended =
        run_soliton({"run", folder.file("c.yaml"), "--quiet", "--out", folder.file("run")});
    EXPECT_EQ(ended.status, 0) << ended.err;
    return read_json(folder.file("run/results.json"))["traffic"]["goodput_gbps"].get<double>();
  };
  EXPECT_NEAR(goodput("") / goodput("{link: 'leaf[0-3]-spine*', bandwidth: 10 Gb/s}"), 4, 0.6);
}

TEST(TopologyCommand, ShowsWhatANetworkIsLike) {
  const TemporaryFolder folder;
  const Ended text = run_soliton({"topology", "fat-tree", "--nodes", "64", "--svg",
                                  folder.file("t.svg"), "--dot", folder.file("t.dot")});
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("fat-tree: 64 nodes, 16 switches, 128 cables\n"));
  EXPECT_THAT(text.out, HasSubstr("up 2560 Gb/s (1 : 1)"));
  EXPECT_THAT(read_text(folder.file("t.svg")), StartsWith("<svg "));
  EXPECT_THAT(read_text(folder.file("t.dot")), StartsWith("graph \"fat-tree\" {"));
  const Ended json = run_soliton({"topology", "configs/topologies/torus.yaml", "--json"});
  ASSERT_EQ(json.status, 0) << json.err;
  const auto shape = nlohmann::json::parse(json.out);
  EXPECT_EQ(shape["nodes"], 16);
  EXPECT_EQ(shape["cables"].size(), 48U);
  EXPECT_EQ(shape["distances"].back()["cables"], 6);
}

TEST(TopologyCommand, NamesWhatIsWrong) {
  const Ended unknown = run_soliton({"topology", "leaf-spin"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean \"leaf-spine\"?"));
  const Ended full = run_soliton({"topology", "rack", "--nodes", "25"});
  EXPECT_EQ(full.status, 2);
  EXPECT_THAT(full.err, HasSubstr("is full"));
  EXPECT_EQ(run_soliton({"topology", "nothing/there.yaml"}).status, 2);
  EXPECT_EQ(run_soliton({"topology", "rack", "--svg", "/nothing/there.svg"}).status, 6);
}

// A spine that is down from the start in wall time: what is sent over it in the first 20 ms is lost, and sent
// again over the other one.
TEST(Wall, PacketsAreLedAroundASwitchThatIsDown) {
  const TemporaryFolder folder;
  folder.write("heal.yaml", R"(
name: heal
time: wall
topology: {kind: leaf-spine, leaves: 2, spines: 2, hosts_per_leaf: 2, routing: spray, reroute: 20 ms}
nodes: [{name: "f[0-3]", device: bw-s10}]
faults: [{at: 0 s, switch: spine0, switch_down: true}]
workload: {kind: ping, from: f0, to: f2, count: 500, bytes: 64}
)");
  const Ended ended =
      run_soliton({"run", folder.file("heal.yaml"), "--quiet", "--out", folder.file("run")});
  ASSERT_EQ(ended.status, 0) << ended.err;
  const auto results = read_json(folder.file("run/results.json"));
  EXPECT_EQ(results["requests"]["completed"], 500);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  const auto& fault = results["faults"][0];
  EXPECT_EQ(fault["target"], "spine0");
  // Nobody meets it once all know.
  if (!fault["last_us"].is_null()) {
    EXPECT_LT(fault["last_us"].get<double>(), 20'001);
  }
}

INSTANTIATE_TEST_SUITE_P(All, TopologyExamples,
                         testing::Values("spray", "ring", "torus", "full-mesh", "leaf-spine",
                                         "fat-tree", "clos", "dragonfly", "cube-mesh"),
                         [](const auto& it) {
                           std::string name = it.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace soliton
