// The shipped experiments: each has a page, each runs in a small version, and what they measure agrees
// with closed forms and with what the text models' training code measured.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;
using Json = nlohmann::json;

const std::string kSources = SOLITON_SOURCE_DIR;

std::set<std::string> shipped() {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(kSources + "/configs/experiments")) {
    const std::string name = entry.path().stem().string();
    if (!name.ends_with("-base")) names.insert(name);
  }
  return names;
}

class Experiments : public ::testing::Test {
 protected:
  Json swept(const std::string& name, const Arguments& keys = {}) {
    Arguments arguments = {"sweep", "configs/experiments/" + name + ".yaml", "--quiet", "--out",
                           folder_.file(name)};
    for (const std::string& key : keys) arguments.insert(arguments.end(), {"--set", key});
    const Ended ended = run_soliton(arguments);
    EXPECT_EQ(ended.status, 0) << name << ": " << ended.err;
    return read_json(folder_.file(name) + "/sweep.json");
  }

 private:
  TemporaryFolder folder_;
};

double number(const Json& sweep, std::size_t series, std::size_t point,
              const std::string& key = "latency_us.mean") {
  return sweep["series"].at(series)["points"].at(point)["results"].at(key).get<double>();
}

TEST_F(Experiments, EachIsListedWithItsPage) {
  const std::string list = read_text(kSources + "/docs/experiments/README.md");
  for (const std::string& name : shipped()) {
    EXPECT_THAT(list, HasSubstr(name)) << name;
    const std::string page = kSources + "/docs/experiments/" + name + ".md";
    if (!fs::exists(page)) continue;  // the list then leads to a section of another page
    for (const char* part : {"**Question.**", "**What to expect.**", "**Why.**"})
      EXPECT_THAT(read_text(page), HasSubstr(part)) << name;
  }
}

TEST_F(Experiments, SmallVersionsRun) {
  const std::map<std::string, Arguments> few = {{"oversubscription", {"workload.requests=80"}},
                                                {"replicas", {"workload.requests=80"}},
                                                {"generations", {"workload.requests=1"}},
                                                {"incast", {"workload.count=10"}},
                                                {"pooling", {"workload.requests=40"}},
                                                {"strong-scaling", {"workload.requests=1"}},
                                                {"topologies", {"workload.count=1"}}};
  for (const auto& [name, keys] : few) EXPECT_TRUE(swept(name, keys)["complete"]) << name;
}

// Published are 0.954 ms; streamed, every step reads 216 tiles of 60,250 bytes at 70 GB/s.
TEST_F(Experiments, TheTalksContrast) {
  const Json sweep = swept("talk-contrast");
  EXPECT_NEAR(number(sweep, 0, 0), 954, 0.05 * 954);
  const double streamed = 375.0 * 216 * 60250 / 70e9 * 1e6;
  EXPECT_NEAR(number(sweep, 0, 1), streamed, 0.01 * streamed);
}

// A step more for every step of a layer that is split, a hand-over for every one of a stack: each
// grows by the difference of half the published round trips.
TEST_F(Experiments, DistanceIsPaidByTheStepOrByTheHandOver) {
  const Json sweep = swept("distance", {"workload.requests=1"});
  const double further[] = {(7.72 - 2.88) / 2, (18.71 - 2.88) / 2};
  for (std::size_t level : {0u, 1u}) {
    const double rows = 50 * further[level], stack = 4 * further[level];
    EXPECT_NEAR(number(sweep, 0, level + 1) - number(sweep, 0, 0), rows, 0.05 * rows);
    EXPECT_NEAR(number(sweep, 1, level + 1) - number(sweep, 1, 0), stack, 0.05 * stack);
  }
}

TEST_F(Experiments, LayersBeatRowsAndDirectionsHalve) {
  const Json layers = swept("layers-or-rows", {"workload.requests=1"});
  EXPECT_GT(number(layers, 0, 1), 6.9 * number(layers, 0, 0));
  const Json directions = swept("directions", {"workload.requests=1"});
  EXPECT_NEAR(number(directions, 0, 0) / number(directions, 0, 1), 2, 0.06);
  EXPECT_GT(number(directions, 1, 1), number(directions, 1, 0));
}

// A wave: each further layer adds the same.
TEST_F(Experiments, WeakScalingAddsTheSameForEachLayer) {
  const Json sweep = swept("weak-scaling", {"workload.requests=1"});
  const double one = number(sweep, 0, 1) - number(sweep, 0, 0);
  EXPECT_NEAR(number(sweep, 0, 2) - number(sweep, 0, 0), 3 * one, 0.03 * one);
  EXPECT_NEAR(number(sweep, 0, 3) - number(sweep, 0, 0), 7 * one, 0.07 * one);
}

// Work of the matrix unit bounds what a batch can reach: 360 cycles of 4 ns a step for GRU 2048.
TEST_F(Experiments, ABatchReachesTheBoundOfWork) {
  const double bound = 250e6 / 360 / 25;
  const double reached = number(swept("batching"), 1, 5, "throughput_rps");
  EXPECT_LT(reached, bound);
  EXPECT_GT(reached, 0.9 * bound);
}

// 9 questions that may be missed and one more: ten timeouts from a death to its discovery.
TEST_F(Experiments, AFailoverTakesTenTimeouts) {
  const Json sweep = swept("failover", {"workload.requests=60"});
  const double shortest = number(sweep, 1, 0, "latency_us.max");
  EXPECT_NEAR(number(sweep, 1, 3, "latency_us.max") - shortest, 10 * 180, 20);
  EXPECT_GT(number(sweep, 0, 0, "latency_us.max"), 50 * shortest);
}

// Of requests that cross lossy cables n times the share 1 - (1 - p)^n loses something, so the median
// stays where it is as long as that is less than a half.
TEST_F(Experiments, LossesReachTheTailFirst) {
  const Json sweep = swept("faults-tail", {"workload.requests=400"});
  EXPECT_NEAR(number(sweep, 0, 2, "latency_us.p50"), number(sweep, 0, 0, "latency_us.p50"), 0.1);
  EXPECT_GT(number(sweep, 0, 2, "latency_us.p99"), number(sweep, 0, 0, "latency_us.p99") + 1);
  EXPECT_GT(number(sweep, 0, 4, "latency_us.p50"), number(sweep, 0, 0, "latency_us.p50") + 1);
}

// The mean wait of M/D/9 at 20,000 requests of 380 us a second is 77.9 us (Crommelin, 1932).
TEST_F(Experiments, NineDevicesKeepThePromiseAsInMDc) {
  const Json sweep = swept("fewest-devices");
  std::map<int, double> p99, wait;
  for (const Json& point : sweep["series"][0]["points"]) {
    const int devices = point["set"]["service.replicas"].get<int>();
    p99[devices] = point["results"]["latency_us.p99"].get<double>();
    wait[devices] = point["results"]["breakdown_us.queue"].get<double>();
  }
  EXPECT_GT(p99.at(8), 1000);
  EXPECT_LT(p99.at(9), 1000);
  EXPECT_NEAR(wait.at(9), 77.9, 0.1 * 77.9);
}

// What the training code measured on the same samples with fp16 outside the products, in the order of
// the file: fp32, ms-fp9, tuned, ms-fp8, tuned.
TEST_F(Experiments, TextModelsHaveTheAccuracyOfTheTrainingCode) {
  const double expected[] = {0.84417, 0.84167, 0.84333, 0.82083, 0.84417, 0.78796, 0.78616, 0.78616,
                             0.77358, 0.77628, 0.6965,  0.668,   0.688,   0.54,    0.6645};
  const Json sweep = swept("precision");
  for (std::size_t k = 0; k < std::size(expected); ++k) {
    const double allowed = k % 5 == 3 ? 0.015 : 0.005;
    EXPECT_NEAR(number(sweep, 0, k, "outputs.accuracy"), expected[k], allowed) << k;
  }
}

}  // namespace
}  // namespace soliton
