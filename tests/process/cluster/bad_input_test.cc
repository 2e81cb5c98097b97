// Bad input is answered before any process starts: a message with the place, and the exit status of
// the interface.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

struct Case {
  const char* name;
  int status;
  const char* says;
  const char* text;
};

constexpr const char* kNodes =
    "nodes:\n  - {name: fpga0, device: bw-s10}\n  - {name: host0, device: cpu}\n";

void expect_refused(const Case& c, const std::string& text) {
  const TemporaryFolder folder;
  const std::string file = folder.write("cluster.yaml", text);
  const Ended ended = run_soliton({"run", file, "--out", folder.file("run")});
  EXPECT_EQ(ended.status, c.status) << c.name << ": " << ended.err;
  EXPECT_THAT(ended.err, HasSubstr(c.says)) << c.name;
  EXPECT_FALSE(std::filesystem::exists(folder.file("run") + "/results.json")) << c.name;
}

TEST(BadInput, IsNamedWithItsPlace) {
  const Case cases[] = {
      {"unknown key", 2, "cluster.yaml:4:1", "modle: {rnn: {cell: gru, hidden: 64, steps: 2}}\n"},
      {"missing unit", 2, "unit",
       "model: {rnn: {cell: gru, hidden: 64, steps: 2}}\nlimits: {time: 5}\n"},
      {"negative", 2, "cluster.yaml:4:", "model: {rnn: {cell: gru, hidden: -64, steps: 2}}\n"},
      {"unknown model file", 2, "nowhere.onnx", "model: {onnx: nowhere.onnx}\n"},
      {"unknown topology", 2, "topology",
       "model: {rnn: {cell: gru, hidden: 64, steps: 2}}\ntopology: rakc\n"},
      {"unknown link", 2, "fpga0-tor0",
       "model: {rnn: {cell: gru, hidden: 64, steps: 2}}\nfaults:\n  - {at: 0 s, for: 1 s, link: "
       "fpga0-tor1, loss: 1 %}\n"},
      {"too large", 3, "short; add 11 node(s) of device bw-s10",
       "model: {rnn: {cell: gru, hidden: 9000, steps: 2}}\ncompute: timing\n"},
      // The last size that fits one bw-s10 is 2800 for a GRU and 2400 for an LSTM: 294 and 288
      // tiles of 306, one more value needs 384 and 392 of 60,250 bytes.
      {"gru 2801", 3, "model needs 23136000 bytes",
       "model: {rnn: {cell: gru, hidden: 2801, steps: 2}, precision: ms-fp8}\ncompute: timing\n"},
      {"lstm 2401", 3, "5181500 bytes (4.9 MiB) short; add 1 node(s) of device bw-s10",
       "model: {rnn: {cell: lstm, hidden: 2401, steps: 2}, precision: ms-fp8}\ncompute: timing\n"},
  };
  for (const Case& c : cases) expect_refused(c, std::string(kNodes) + c.text);
}

TEST(BadInput, TheLastSizeThatFitsIsNotRefused) {
  const TemporaryFolder folder;
  for (const char* model : {"cell: gru, hidden: 2800", "cell: lstm, hidden: 2400"}) {
    const std::string file =
        folder.write("fits.yaml", std::string(kNodes) + "model: {rnn: {" + model +
                                      ", steps: 2}, precision: ms-fp8}\ncompute: timing\n");
    const Ended ended = run_soliton({"plan", file, "--quiet"});
    EXPECT_EQ(ended.status, 0) << model << ": " << ended.err;
  }
}

TEST(BadInput, NodesAreCheckedToo) {
  const char* model = "model: {rnn: {cell: gru, hidden: 64, steps: 2}}\n";
  expect_refused(
      {"unknown device", 2, "did you mean \"bw-s10\"", ""},
      std::string("nodes:\n  - {name: fpga0, device: bw-s01}\n  - {name: host0, device: cpu}\n") +
          model);
  expect_refused(
      {"twice", 2, "fpga0", ""},
      std::string("nodes:\n  - {name: fpga0, device: bw-s10}\n  - {name: fpga0, device: cpu}\n") +
          model);
  expect_refused({"no host", 2, "host", ""},
                 std::string("nodes:\n  - {name: fpga0, device: bw-s10}\n") + model);
  expect_refused({"alias", 2, "alias", ""}, "nodes: &x []\nmodel: *x\n");
}

TEST(BadInput, OverridesAndOptionsAreCheckedAsFilesAre) {
  const Ended device =
      run_soliton({"run", "configs/quickstart.yaml", "--set", "nodes[0].device=bw-pokcet"});
  EXPECT_EQ(device.status, 2);
  EXPECT_THAT(device.err, HasSubstr("configs/quickstart.yaml:"));
  EXPECT_THAT(device.err, HasSubstr("no device called \"bw-pokcet\"; did you mean \"bw-pocket\"?"));
  EXPECT_EQ(run_soliton({"run"}).status, 2);
  EXPECT_EQ(run_soliton({"rnu", "configs/quickstart.yaml"}).status, 2);
  EXPECT_EQ(run_soliton({"run", "configs/quickstart.yaml", "--time", "soon"}).status, 2);
  EXPECT_EQ(run_soliton({"bench", "launch", "--long"}).status, 2);
  const Ended engine = run_soliton({"run", "configs/quickstart.yaml", "--engine", "slurm"});
  EXPECT_EQ(engine.status, 2);
  EXPECT_THAT(engine.err, HasSubstr("slurm"));
}

TEST(Commands, HelpListCheckAndPlanAnswer) {
  for (const char* command : {"run", "plan", "check", "list", "sweep", "bench", "quantize"}) {
    const Ended help = run_soliton({command, "--help"});
    EXPECT_EQ(help.status, 0) << command;
    EXPECT_THAT(help.out, HasSubstr("Example:")) << command;
  }
  EXPECT_THAT(run_soliton({"list", "devices"}).out, HasSubstr("bw-s10"));
  EXPECT_EQ(
      nlohmann::json::parse(run_soliton({"list", "topologies", "--json"}).out)[0].contains("name"),
      true);
  const Ended check =
      run_soliton({"check", "configs/quickstart.yaml", "configs/devices/bw-s10.yaml",
                   "configs/experiments/strong-scaling.yaml", "topologies/rack.yaml"});
  EXPECT_EQ(check.status, 0) << check.err;
  EXPECT_THAT(check.out, HasSubstr("bw-s10.yaml: good"));
  const Ended plan = run_soliton({"plan", "configs/quickstart.yaml"});
  EXPECT_EQ(plan.status, 0) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr("fpga3"));
  EXPECT_EQ(nlohmann::json::parse(run_soliton({"plan", "configs/quickstart.yaml", "--json"}).out)
                .is_object(),
            true);
}

TEST(Commands, JsonIsAloneOnStandardOutput) {
  const TemporaryFolder folder;
  const Ended ended =
      run_soliton({"run", "configs/quickstart.yaml", "--json", "--processes", "packed", "--set",
                   "workload.requests=5", "--out", folder.file("run")});
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(nlohmann::json::parse(ended.out)["requests"]["completed"], 5);
}

TEST(Commands, ResultsThatCannotBeWrittenAreStatus6) {
  const Ended ended =
      run_soliton({"run", "configs/quickstart.yaml", "--processes", "packed", "--set",
                   "workload.requests=5", "--out", "/proc/soliton-cannot-write-here"});
  EXPECT_EQ(ended.status, 6) << ended.err;
}

}  // namespace
}  // namespace soliton
