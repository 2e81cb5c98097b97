// Why a number is what it is, and what two runs differ in, as a user asks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  for (const auto& request : json["requests"]) {
    const auto& parts = request["breakdown_us"];
    EXPECT_NEAR(parts["compute"].get<double>() + parts["network"].get<double>() +
                    parts["queue"].get<double>() + parts["host"].get<double>(),
                request["latency_us"].get<double>(), 1e-5);
  }
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
  EXPECT_EQ(run_soliton({"compare", folder.file("a")}).status, 2);
  EXPECT_EQ(run_soliton({"compare", folder.file("a"), folder.file("none")}).status, 2);
}

}  // namespace
}  // namespace soliton
