// What chaos builds on: the firings of a run, done again, make the same run, byte for byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

// What packets may be late by lengthens the timers of their path: on the links and directions of the rule,
// also of one that holds nothing up.
TEST(Replay, KeepsTheTimersOfRulesThatNeverFireAndOfOneDirection) {
  TemporaryFolder folder;
  const auto run = [&](const std::string& out, const std::string& faults) {
    const Ended ended =
        run_soliton({"run", "configs/faults/clean.yaml", "--quiet", "--processes", "packed",
                     "--set", "workload.requests=20", "--set", "faults=[" + faults + "]", "--set",
                     "expect=", "--out", folder.file(out)});
    EXPECT_EQ(ended.status, 0) << ended.err;
    return read_json(folder.file(out) + "/results.json");
  };
  const nlohmann::json first = run(
      "first",
      "{id: slow, at: 1 s, for: 1 us, link: fpga2-tor0, rate: 500 Mb/s}, "
      "{id: late, kind: delay, delay: 200 us, where: {links: {name: fpga1-tor0}, direction: tx}, "
      "when: {from: 5 us, to: 9 us}}, "
      "{id: lost, at: 100 us, for: 1 ms, link: \"fpga[0-3]-tor0\", loss: 20 %}");
  const nlohmann::json again = run("again", "{events: " + folder.file("first") + "/events.csv}");
  EXPECT_GT(first["ltl"]["retransmitted"], 0);
  EXPECT_EQ(first["ltl"], again["ltl"]);
  EXPECT_EQ(first["latency_us"], again["latency_us"]);
  EXPECT_EQ(read_text(folder.file("first") + "/requests.csv"),
            read_text(folder.file("again") + "/requests.csv"));
}

}  // namespace
}  // namespace soliton
