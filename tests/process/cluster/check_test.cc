// `soliton check` says what `soliton run` would say: the same messages and the same status, over a
// corpus of files that are wrong in every part.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kNodes =
    "nodes:\n  - {name: \"fpga[0-1]\", device: bw-s10}\n  - {name: host0, device: cpu}\n";
constexpr const char* kModel = "model: {rnn: {cell: gru, hidden: 64, steps: 2}}\n";
constexpr const char* kRequests = "workload: {requests: 2}\ncompute: timing\nprocesses: packed\n";

std::string good(const std::string& more) {
  return std::string(kNodes) + kModel + kRequests + more;
}

struct Case {
  const char* name;
  int status;
  std::string says;  // with what follows the file's name
  std::string text;
};

std::vector<Case> nodes_and_places() {
  return {
      {"place", 2, ":2:39: node fpga0: topology rack has no place \"rack7\"",
       "nodes:\n  - {name: fpga0, device: bw-s10, at: rack7}\n  - {name: host0, device: cpu}\n" +
           std::string(kModel)},
      {"rack is full", 2, ":2:12: node fpga23: every rack of topology rack is full",
       "nodes:\n  - {name: \"fpga[0-29]\", device: bw-s10}\n  - {name: host0, device: cpu, at: "
       "rack0}\n" +
           std::string(kModel)},
      {"place of an explicit topology", 2, ":2:39: node fpga0: no node or switch called \"s1\"",
       "nodes:\n  - {name: fpga0, device: bw-s10, at: s1}\n  - {name: host0, device: cpu, at: s0}\n"
       "topology: {kind: explicit, switches: [{name: s0}], links: []}\n" +
           std::string(kModel)},
      {"cable to nowhere", 2, ":13:17: link fpga0-s1: no node or switch called \"s1\"",
       good("topology:\n  kind: explicit\n  switches: [{name: s0}]\n  links:\n    - {between: "
            "[\"fpga[0-1]\", s0], latency: 1 us}\n    - {between: [fpga0, s1], latency: 1 us}\n")},
      {"no path", 2, ": no path between fpga0 and host0",
       good("topology: {kind: explicit, links: [{between: [fpga0, fpga1], latency: 1 us}]}\n")},
      {"local with too many nodes", 2, "would take more than 65536 links",
       "nodes:\n  - {name: \"fpga[0-999]\", device: bw-s10}\n  - {name: host0, device: cpu}\n"
       "topology: local\n" +
           std::string(kModel)},
      {"unknown device", 2, ":2:27: no device called \"bw-s01\"; did you mean \"bw-s10\"?",
       "nodes:\n  - {name: fpga0, device: bw-s01}\n  - {name: host0, device: cpu}\n" +
           std::string(kModel)},
      {"name twice", 2, "is used twice", good("") + "nodes: []\n"},
      {"min_nodes", 2, ":8:12: partition: min_nodes is 5, but 2 of the nodes have an NPU",
       good("partition: {min_nodes: 5}\n")},
      {"native dimensions", 2, "native dimensions differ",
       "nodes:\n  - {name: fpga0, device: bw-s10}\n  - {name: fpga1, device: bw-pocket}\n  - "
       "{name: "
       "host0, device: cpu}\n" +
           std::string(kModel)},
  };
}

std::vector<Case> models() {
  return {
      {"too large", 3, ":4:14: model needs ",
       std::string(kNodes) +
           "model: {rnn: {cell: gru, hidden: 9000, steps: 2}}\ncompute: timing\n"},
      {"cell in capitals", 2, ":4:21: model.rnn.cell: \"GRU\" is not known; did you mean \"gru\"?",
       std::string(kNodes) + "model: {rnn: {cell: GRU, hidden: 64, steps: 2}}\n"},
      {"fp16", 2, "unknown number format \"fp16\" (did you mean \"msfp16\"?); formats are",
       std::string(kNodes) + "model: {rnn: {cell: gru, hidden: 64, steps: 2}, precision: fp16}\n"},
      {"format a device has not", 2, "has no mxfp4; it has",
       std::string(kNodes) + "model: {rnn: {cell: gru, hidden: 64, steps: 2}, precision: mxfp4}\n"},
      {"no such layer", 2, ":4:63: model.place: no layer called \"gru7\"",
       std::string(kNodes) +
           "model: {rnn: {cell: gru, hidden: 64, steps: 2}, place: {gru7: dram}}\n"},
      {"no such file", 2, ":4:15: model.onnx: no file \"",
       std::string(kNodes) + "model: {onnx: nowhere.onnx}\n"},
      {"no onnx", 2, ":4:15: model.onnx: ", std::string(kNodes) + "model: {onnx: not.onnx}\n"},
      {"no model", 2, "model is missing", kNodes},
      {"steps", 2, ":4:45: model.rnn.steps: 70000 is not between 1 and 65535",
       std::string(kNodes) + "model: {rnn: {cell: gru, hidden: 64, steps: 70000}}\n"},
  };
}

std::vector<Case> workloads() {
  const std::string quickstart =
      "nodes:\n  - {name: \"fpga[0-3]\", device: bw-pocket}\n  - {name: host0, device: cpu}\n"
      "model: {onnx: " SOLITON_SOURCE_DIR "/configs/models/language-gru/tuned-ms-fp9.onnx}\n";
  const std::string tokens = SOLITON_SOURCE_DIR "/configs/models/language-gru/tokens.npy";
  return {
      {"input is a folder", 2, ":5:19: workload.input: \"", quickstart + "workload: {input: .}\n"},
      {"input is no npy", 2,
       ":5:19: workload.input: ", quickstart + "workload: {input: not.npy}\n"},
      {"labels are no npy", 2,
       "workload.labels: ", quickstart + "workload: {input: " + tokens + ", labels: not.npy}\n"},
      {"golden is no npy", 2,
       "workload.golden: ", quickstart + "workload: {input: " + tokens + ", golden: not.npy}\n"},
      {"labels without input", 2, ":8:20: workload.labels: belongs to an input file",
       std::string(kNodes) + kModel +
           "compute: timing\nname: x\nseed: 1\nworkload: {labels: not.npy}\n"},
      {"rate without poisson", 2, "belongs to arrival: poisson",
       std::string(kNodes) + kModel + "workload: {rate: 20 k/s}\n"},
      {"requests", 2, "is not between 1 and",
       std::string(kNodes) + kModel + "workload: {requests: 0}\n"},
      {"traffic to nobody", 2, "no node called \"fpga7\"",
       std::string(kNodes) + "workload: {kind: ping, from: fpga0, to: fpga7}\n"},
      {"traffic to itself", 2, "would send to itself",
       std::string(kNodes) + "workload: {kind: ping, from: fpga0, to: fpga0}\n"},
  };
}

std::vector<Case> faults_and_units() {
  return {
      {"no such link", 2, ":8:17: no link called \"fpga0-tor1\"; did you mean \"fpga0-tor0\"?",
       good("faults: [{link: fpga0-tor1, loss: 1 %}]\n")},
      {"a range beyond the links", 2, "no link called \"fpga2-tor0\"",
       good("faults: [{link: \"fpga[0-2]-tor0\", loss: 1 %}]\n")},
      {"a glob that hits nothing", 2, "no link matches \"gpu*\"",
       good("faults: [{link: \"gpu*\", loss: 1 %}]\n")},
      {"after the end of the run", 2, "is not within the run",
       good("limits: {time: 1 ms}\nfaults: [{link: fpga0-tor0, at: 2 ms, loss: 1 %}]\n")},
      {"MS", 2,
       "no unit \"MS\"; a time is a number with a unit (ps, ns, us, ms, s, min, h, d); did you "
       "mean \"ms\"?",
       good("limits: {time: 5 MS}\n")},
      {"no unit", 2, "has no unit", good("limits: {time: 5}\n")},
      {"window", 2, "ltl.window", good("ltl: {window: 100}\n")},
      {"key", 2, ":8:1: unknown key \"limit\"; did you mean \"limits\"?",
       good("limit: {time: 5 s}\n")},
      {"expectations", 2, "does not begin with <, <=, > or >=", good("expect: {p99: 1 ms}\n")},
      {"wall key in virtual time", 2, "wall.", good("wall: {listen: 10.1.2.3}\n")},
  };
}

std::vector<Case> files() {
  return {
      {"empty", 2, ":1:1: the file is empty; a cluster file has nodes and a model", ""},
      {"only a comment", 2, ":1:1: the file is empty", "# to do\n"},
      {"a list", 2, "must be a map", "- a\n- b\n"},
      {"a tab", 2, ":2:1: a tab indents this line, which YAML does not allow: use spaces",
       "nodes:\n\t- {name: fpga0, device: bw-s10}\n"},
      {"an unquoted range", 2, ":2:12: a range inside {} or [] must be quoted: \"fpga[0-3]\"",
       "nodes:\n  - {name: fpga[0-3], device: bw-s10}\n  - {name: host0, device: cpu}\n" +
           std::string(kModel)},
      {"an alias", 2, "aliases (*name) are not accepted", "nodes: &x []\nmodel: *x\n"},
      {"a key twice", 2, ":2:1: key \"seed\" is used twice: here and on line 1",
       "seed: 1\nseed: 2\n"},
      {"no text", 2, "control character \\x1b", "name: \x1b[31m\n"},
      {"not UTF-8", 2, ":1:7: not valid UTF-8", "name: \x9b\n"},
      {"a value with marks of direction", 2, "device called \"bw\\u202es10\"",
       "nodes:\n  - {name: fpga0, device: bw\xe2\x80\xaes10}\n  - {name: host0, device: cpu}\n" +
           std::string(kModel)},
  };
}

void expect_same(const Case& c) {
  const TemporaryFolder folder;
  folder.write("not.onnx", "this is no model");
  folder.write("not.npy", "this is no array");
  const std::string file = folder.write("cluster.yaml", c.text);
  const Ended check = run_soliton({"check", file});
  const Ended run = run_soliton({"run", file, "--out", folder.file("run")});
  EXPECT_EQ(check.status, c.status) << c.name << ": " << check.err;
  EXPECT_EQ(run.status, c.status) << c.name << ": " << run.err;
  EXPECT_EQ(check.err, run.err) << c.name;
  EXPECT_THAT(check.err, HasSubstr(c.says)) << c.name;
  EXPECT_THAT(check.err, HasSubstr("cluster.yaml:")) << c.name;
  EXPECT_FALSE(std::filesystem::exists(folder.file("run"))) << c.name;
}

TEST(Check, SaysOfNodesAndPlacesWhatRunSays) {
  for (const Case& c : nodes_and_places()) expect_same(c);
}
TEST(Check, SaysOfModelsWhatRunSays) {
  for (const Case& c : models()) expect_same(c);
}
TEST(Check, SaysOfWorkloadsWhatRunSays) {
  for (const Case& c : workloads()) expect_same(c);
}
TEST(Check, SaysOfFaultsAndUnitsWhatRunSays) {
  for (const Case& c : faults_and_units()) expect_same(c);
}
TEST(Check, SaysOfFilesWhatRunSays) {
  for (const Case& c : files()) expect_same(c);
}

// Stages that do not need each other are all tried.
TEST(Check, ErrorsOfAllStagesComeAtOnce) {
  const TemporaryFolder folder;
  folder.write("not.onnx", "this is no model");
  const std::string file = folder.write("cluster.yaml",
                                        "sead: 1\n"
                                        "nodes:\n"
                                        "  - {name: fpga0, device: bw-s01}\n"
                                        "  - {name: host0, device: cpu, at: rack9}\n"
                                        "model: {onnx: not.onnx}\n"
                                        "limits: {time: 5}\n"
                                        "faults: [{link: fpga0-tor0, loss: 200 %}]\n");
  const Ended check = run_soliton({"check", file});
  EXPECT_EQ(check.status, 2);
  for (const char* place :
       {":1:1: unknown key", ":3:27: no device", ":4:36: node host0: topology",
        ":5:15: model.onnx: ", ":6:16: limits.time", ":7:35: faults[0].model.p"})
    EXPECT_THAT(check.err, HasSubstr("cluster.yaml" + std::string(place)));
}

TEST(Check, APlanIsSoughtBesideWrongFaultsAndCanBeLeftOut) {
  const TemporaryFolder folder;
  const std::string file = folder.write(
      "cluster.yaml", std::string(kNodes) +
                          "model: {rnn: {cell: gru, hidden: 9000, steps: 2}}\ncompute: timing\n"
                          "faults: [{link: nowhere, loss: 1 %}]\n");
  EXPECT_THAT(run_soliton({"check", file}).err,
              AllOf(HasSubstr("model needs"), HasSubstr("nowhere")));
  const Ended without = run_soliton({"check", "--no-plan", file});
  EXPECT_EQ(without.status, 2);
  EXPECT_THAT(without.err, AllOf(Not(HasSubstr("model needs")), HasSubstr("nowhere")));
}

TEST(Check, AnExperimentsPointsAreChecked) {
  const TemporaryFolder folder;
  folder.write("base.yaml", good("ltl: {mtu: 1 B}\n"));
  const std::string file = folder.write(
      "e.yaml",
      "name: e\ncluster: base.yaml\nseries:\n  - name: s\n    points:\n      - {x: 1, set: "
      "{model.rnn.hidden: 64}}\n      - {x: 2, set: {model.rnn.hidden: -3}}\n      - {x: 3, set: "
      "{modle.onnx: a}}\n");
  const Ended check = run_soliton({"check", file});
  EXPECT_EQ(check.status, 2);
  EXPECT_THAT(check.err, AllOf(HasSubstr("(every point)"), HasSubstr("base.yaml:8:12: ltl.mtu"),
                               HasSubstr("(point s-2)"),
                               HasSubstr("unknown key \"modle\"; did you "
                                         "mean \"model\"? (point s-3)")));
}

TEST(Check, FilesOfTheWrongKindAreToldWhereTheyBelong) {
  const std::string experiment = "configs/experiments/strong-scaling.yaml";
  for (const char* command : {"run", "plan"}) {
    const Ended ended = run_soliton({command, experiment});
    EXPECT_EQ(ended.status, 2);
    EXPECT_THAT(ended.err, HasSubstr("this is an experiment, not a cluster file: soliton sweep " +
                                     experiment));
  }
  EXPECT_THAT(run_soliton({"sweep", "configs/quickstart.yaml"}).err,
              HasSubstr("this is a cluster file, not an experiment: soliton run "
                        "configs/quickstart.yaml"));
  EXPECT_THAT(
      run_soliton({"run", "configs/devices/bw-s10.yaml"}).err,
      HasSubstr("this is a device, not a cluster file: name it in a cluster file's nodes, as "
                "device: configs/devices/bw-s10.yaml"));
  EXPECT_THAT(run_soliton({"run", "topologies/rack.yaml"}).err,
              HasSubstr("this is a topology, not a cluster file: name it in a cluster file, as "
                        "topology: topologies/rack.yaml"));
}

TEST(Check, WordsOfTheCommandLineGetTheNearestName) {
  const struct {
    std::vector<std::string> line;
    const char* says;
  } cases[] = {
      {{"rnu", "x.yaml"}, "soliton: no command \"rnu\"; did you mean \"run\"?"},
      {{"run", "x.yaml", "--jsno"}, "soliton run: no option \"--jsno\"; did you mean \"--json\"?"},
      {{"run", "x.yaml", "--sedd=3"},
       "soliton run: no option \"--sedd\"; did you mean \"--seed\"?"},
      {{"--vresion"}, "soliton: no option \"--vresion\"; did you mean \"--version\"?"},
      {{}, "soliton: needs a command: run, plan, check"},
      {{"run", "a.yaml", "b.yaml"}, "soliton run: one argument too many: \"b.yaml\""},
      {{"run", "a.yaml", "--time", "soon"}, "soliton run: --time"},
      {{"r\x1b[31mn\xc2\x9b\xe2\x80\xae\x9b"}, "no command \"r\\x1b[31mn\\x9b\\u202e\\x9b\""},
  };
  for (const auto& c : cases) {
    const Ended ended = run_soliton(c.line);
    EXPECT_EQ(ended.status, 2) << c.says;
    EXPECT_THAT(ended.err, HasSubstr(c.says));
  }
}

// The largest legal files. The bounds are far above what is measured, a fraction of a second, and
// far below what a second pass over all pairs of anything would take.
TEST(Check, LargestFilesTakeNoSeconds) {
  const TemporaryFolder folder;
  const auto grown = [](std::string text, const std::string& line, std::size_t lines) {
    while (lines-- > 0 && text.size() + line.size() < (std::size_t{16} << 20)) text += line;
    return text;
  };
  const std::string texts[] = {
      grown(good(""), "\n", 15 << 20),
      grown(good(""), "# " + std::string(78, 'x') + "\n", 1 << 20),
      grown(good("faults:\n"),
            "  - {at: 1 ms,   for: 500 us, link: fpga0-tor0, loss: 1 %}" + std::string(60, ' ') +
                "\n",
            110'000),
  };
  for (const std::string& text : texts) {
    const std::string file = folder.write("large.yaml", text);
    const auto start = std::chrono::steady_clock::now();
    const Ended ended = run_soliton({"check", "--no-plan", file});
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  }
}

}  // namespace
}  // namespace soliton
