// Every kind of fault fires in an ordinary run, and what must hold whatever it does (docs/faults.md) holds.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

struct Case {
  const char* kind;
  const char* rule;
  const char* cluster = "clean";
};

const Case kCases[] = {
    {"loss", "{link: fpga1-tor0, loss: 5 %, max_burst: 3}"},
    {"duplicate", "{link: fpga1-tor0, duplicate: 10 %}"},
    {"replay", "{link: fpga1-tor0, replay: 10 %, age: 50 us}"},
    {"delay", "{link: fpga1-tor0, delay: 3 us, jitter: 2 us}"},
    {"reorder", "{link: fpga1-tor0, reorder: 10 %}"},
    {"corrupt", "{link: fpga1-tor0, corrupt: 5 %}"},
    {"truncate", "{link: fpga1-tor0, truncate: 5 %}"},
    {"rate", "{link: fpga1-tor0, rate: 100 Mb/s, burst: 100 B}"},
    {"queue", "{kind: queue, packets: 1, where: {links: {name: fpga1-tor0}}}"},
    {"slot", "{link: fpga1-tor0, slot: 5 us}"},
    {"ecn", "{link: fpga1-tor0, ecn: 20 %}"},
    {"link_down", "{link: fpga1-tor0, at: 200 us, for: 50 us, link_down: true}"},
    {"switch_down", "{switch: tor0, at: 200 us, for: 50 us, switch_down: true}"},
    {"partition", "{at: 200 us, for: 50 us, partition: [\"fpga[0-1]\", \"fpga[2-3]\"]}"},
    {"clog", "{link: fpga1-tor0, at: 200 us, for: 50 us, clog: true}"},
    {"pfc_pause", "{link: fpga1-tor0, at: 200 us, for: 50 us, pfc_pause: true}"},
    {"pfc_storm",
     "{link: fpga1-tor0, at: 200 us, for: 90 us, pfc_storm: true, watchdog: {detect: 20 us, "
     "restore: 10 us}}"},
    {"slow_receiver", "{link: fpga1-tor0, slow_receiver: 10 %}"},
    {"incast", "{link: fpga1-tor0, at: 100 us, for: 50 us, every: 100 us, incast: 16}"},
    {"rebind", "{link: fpga1-tor0, at: 200 us, rebind: 20 us}"},
    {"misroute", "{link: fpga1-tor0, misroute: 5 %}"},
    {"node_pause", "{node: fpga1, at: 200 us, for: 50 us, node_pause: true}"},
    {"slow", "{node: fpga1, at: 200 us, for: 200 us, slow: 10}"},
    {"role_hang", "{node: fpga1, at: 200 us, for: 50 us, role_hang: true}"},
    {"zombie", "{node: fpga1, at: 200 us, for: 50 us, zombie: true}"},
    {"clock", "{node: fpga1, at: 200 us, for: 50 us, clock: true, freeze: true}"},
    {"throttle", "{node: fpga1, at: 200 us, for: 200 us, throttle: 40 %}"},
    {"node_crash", "{node: fpga1, at: 1 ms, node_crash: true}", "spare-takes-over"},
    {"join_delay", "{node: fpga1, for: 100 us, join_delay: true}", "spare-takes-over"},
    {"device_hang", "{node: fpga1, at: 1 ms, device_hang: true}", "spare-takes-over"},
    {"device_dead", "{node: fpga1, at: 1 ms, device_dead: true}", "spare-takes-over"},
    {"reconfigure", "{node: fpga1, at: 1 ms, for: 100 us, reconfigure: 100 us}",
     "spare-takes-over"},
    {"manager_down", "{at: 1 ms, for: 200 us, manager_down: true}", "spare-takes-over"},
    {"no_spare", "{node: fpga4, no_spare: true}", "spare-takes-over"},
};

class EveryKind : public ::testing::TestWithParam<Case> {};

TEST_P(EveryKind, FiresAndLosesNoAnswer) {
  const Case& its = GetParam();
  const TemporaryFolder folder;
  const Ended ended = run_soliton(
      {"run", std::string("configs/faults/") + its.cluster + ".yaml", "--quiet", "--processes",
       "packed", "--out", folder.file("run"), "--set", "workload.requests=40", "--set",
       std::string("faults=[") + its.rule + "]", "--set", "expect={outputs: bit_identical}"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  const nlohmann::json results = read_json(folder.file("run") + "/results.json");
  ASSERT_EQ(results["faults"].size(), 1u);
  EXPECT_EQ(results["faults"][0]["kind"], its.kind);
  EXPECT_TRUE(results["faults"][0]["armed"]);
  EXPECT_GT(results["faults"][0]["hits"], 0);
  EXPECT_EQ(results["requests"]["completed"], 40);
  EXPECT_EQ(results["requests"]["duplicated"], 0);
  EXPECT_EQ(results["outputs"]["checked"], 40);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryKind, ::testing::ValuesIn(kCases),
                         [](const ::testing::TestParamInfo<Case>& its) {
                           return std::string(its.param.kind);
                         });

class Executors : public ::testing::TestWithParam<const char*> {
 protected:
  // What was answered, and packets sent for each that was needed.
  struct Told {
    std::string outputs;
    double sent_of_needed = 0;
  };
  Told play(const std::vector<std::string>& how) {
    std::vector<std::string> words{"run", "configs/faults/clean.yaml", "--quiet", "--out",
                                   folder_.file("run")};
    words.insert(words.end(), how.begin(), how.end());
    for (const std::string& set :
         {std::string("workload.requests=100"), std::string("faults=[") + GetParam() + "]",
          std::string("outputs={save: all}"), std::string("expect={outputs: bit_identical}")})
      words.insert(words.end(), {"--set", set});
    const Ended ended = run_soliton(words);
    EXPECT_EQ(ended.status, 0) << ended.err;
    const nlohmann::json results = read_json(folder_.file("run") + "/results.json");
    const double sent = results["ltl"]["packets"];
    const double resent = results["ltl"]["retransmitted"];
    EXPECT_GT(resent, 0);
    return {read_text(folder_.file("run") + "/outputs.npy"), sent / (sent - resent)};
  }

  TemporaryFolder folder_;
};

// Sockets and the emulated network are two carriers of the same rules.
TEST_P(Executors, AgreeInBytesAndInWhatIsSentAgain) {
  const Told emulated = play({"--processes", "packed"});
  const Told real = play({"--time", "wall"});
  EXPECT_FALSE(emulated.outputs.empty());
  EXPECT_EQ(emulated.outputs, real.outputs);
  EXPECT_NEAR(emulated.sent_of_needed / real.sent_of_needed, 1, 0.15);
}

INSTANTIATE_TEST_SUITE_P(Rules, Executors,
                         ::testing::Values("{link: fpga1-tor0, loss: 2 %}",
                                           "{link: fpga1-tor0, corrupt: 2 %}",
                                           "{link: \"fpga[0-3]-tor0\", loss: 1 %}"),
                         [](const ::testing::TestParamInfo<const char*>& its) {
                           return "Rule" + std::to_string(its.index);
                         });

}  // namespace
}  // namespace soliton
