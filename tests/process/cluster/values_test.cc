// What goes in and what comes out, through the program: models with states and lengths, saved
// outputs, matrices and messages from files, options that do what they say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "partition/ir/npy.h"
#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;
namespace fs = std::filesystem;

const std::string kModels = SOLITON_SOURCE_DIR "/tests/golden/models/";

std::string cluster_of(const std::string& model, const std::string& workload) {
  return "name: small\nnodes:\n  - {name: \"fpga[0-1]\", device: bw-s10}\n"
         "  - {name: host0, device: cpu}\nmodel: {precision: int16, onnx: " +
         model + "}\nworkload: " + workload + "\n";
}

class Values : public ::testing::Test {
 protected:
  Ended run(const std::string& name, const std::string& file, Arguments options = {}) {
    Arguments arguments{"run",     file,    "--processes",     "packed",
                        "--quiet", "--out", folder_.file(name)};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run_soliton(arguments);
  }
  nlohmann::json results(const std::string& name) {
    return read_json(folder_.file(name) + "/results.json");
  }
  std::string stateful(const std::string& inputs, const std::string& more) {
    return folder_.write(inputs + ".yaml",
                         cluster_of(kModels + "stateful.onnx", "{input: " + kModels + "stateful-" +
                                                                   inputs + ".npy, " + more + "}") +
                             "outputs: {save: all}\n");
  }

  TemporaryFolder folder_;
};

TEST_F(Values, ModelsWithLengthsStatesAndBatchesOfTheirOwn) {
  for (const std::string name : {"seqlens-input", "seqlens-forward", "seqlens-reverse",
                                 "seqlens-bidirectional", "h0-only", "h0c0", "batch3"}) {
    SCOPED_TRACE(name);
    const std::string start = kModels + name;
    const std::string file = folder_.write(
        name + ".yaml", cluster_of(start + "-m.onnx", "{requests: 4, input: " + start +
                                                          "-x.npy, golden: " + start + "-y.npy}"));
    const Ended ended = run(name, file);
    ASSERT_EQ(ended.status, 0) << ended.err;
    const nlohmann::json outputs = results(name)["outputs"];
    EXPECT_EQ(outputs["checked"], 4);
    EXPECT_EQ(outputs["mismatched"], 0);
    EXPECT_LT(outputs["max_abs_error"].get<double>(), 0.001);
  }
}

// Twelve requests of a step each, and one of twelve steps.
TEST_F(Values, StateIsCarriedBetweenRequests) {
  const std::string each = stateful("each", "requests: 12");
  // The states are outputs too, each in a file of its own, unless one output is named.
  ASSERT_EQ(run("all", each).status, 0);
  EXPECT_TRUE(fs::exists(folder_.file("all") + "/outputs-hn.npy"));
  const Arguments answer{"--set", "model.output=y"};
  ASSERT_EQ(run("each", each, answer).status, 0);
  ASSERT_EQ(run("one", stateful("one", "requests: 1"), answer).status, 0);
  const Result<NpyArray> in_parts = read_npy(folder_.file("each") + "/outputs.npy");
  const Result<NpyArray> whole = read_npy(folder_.file("one") + "/outputs.npy");
  ASSERT_TRUE(in_parts && whole);
  EXPECT_EQ(in_parts->shape, (std::vector<std::int64_t>{12, 1, 1, 6}));
  EXPECT_EQ(whole->shape, (std::vector<std::int64_t>{1, 12, 1, 6}));
  EXPECT_EQ(in_parts->data, whole->data);
  ASSERT_EQ(run("zero", each, {"--set", "model.state=zero", "--set", "model.output=y"}).status, 0);
  EXPECT_NE(read_npy(folder_.file("zero") + "/outputs.npy")->data, whole->data);
}

TEST_F(Values, StateThatCannotBeCarriedIsRefusedByName) {
  const std::string each = stateful("each", "requests: 12");
  for (const auto& [change, what] :
       {std::pair{"workload.clients=2", "workload.clients must be 1 and not 2"},
        {"service.batch=4", "service.batch must be 1 and not 4"},
        {"compute=sampled", "compute must be functional or timing and not sampled"}}) {
    for (const char* command : {"run", "check"}) {
      const Ended ended = run_soliton({command, each, "--set", change});
      EXPECT_EQ(ended.status, 2);
      EXPECT_THAT(ended.err, HasSubstr(what));
    }
  }
}

TEST_F(Values, SavedOutputsNeedARunThatComputesThem) {
  const std::string each = stateful("each", "requests: 12");
  const Ended timing = run_soliton({"check", each, "--set", "compute=timing"});
  EXPECT_EQ(timing.status, 2);
  EXPECT_THAT(timing.err, HasSubstr("save: all takes outputs, and compute: timing computes none"));
}

// ---- soliton isa ----

constexpr const char* kProduct = R"(.device bw-s10
.format msfp16
.matrix W 1x1 at 0 rows 2 columns 3 file W.npy
.vector b AddSubVrf_0[0] = file b.npy
.in x 3
.out y 2
.segment steps
  v_rd NetQ[x]
  mv_mul W
  vv_add AddSubVrf_0[0]
  v_wr NetQ[y]
  end_chain
)";

class IsaFiles : public Values {
 protected:
  IsaFiles() {
    save("W.npy", {1, 2, 3, -1, 0.5f, 4}, {2, 3});
    save("b.npy", {0.25f, -0.5f}, {2});
    save("x.npy", {1, 1, 1, 2, 0, -1}, {2, 3});
  }
  void save(const std::string& name, const std::vector<float>& values,
            std::vector<std::int64_t> shape) {
    ASSERT_TRUE(write_npy(folder_.file(name), npy_of(values, std::move(shape))));
  }
  Ended isa(Arguments options) {
    Arguments arguments{"isa", program_};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run_soliton(arguments);
  }
  std::string program_ = folder_.write("product.npu", kProduct);
};

TEST_F(IsaFiles, MatricesConstantsAndMessagesComeFromThem) {
  const Ended ended = isa({"--steps", "2", "--quiet", "--input", "x=" + folder_.file("x.npy"),
                           "--output", "y=" + folder_.file("y.npy")});
  ASSERT_EQ(ended.status, 0) << ended.err;
  const Result<NpyArray> y = read_npy(folder_.file("y.npy"));
  ASSERT_TRUE(y);
  EXPECT_EQ(y->shape, (std::vector<std::int64_t>{2, 2}));
  // Small whole numbers: exact in msfp16.
  EXPECT_EQ(y->float_row(0), (std::vector<float>{6.25f, 3}));
  EXPECT_EQ(y->float_row(1), (std::vector<float>{-0.75f, -6.5f}));
}

TEST_F(IsaFiles, AMatrixMayHaveTheSizeOfItsFile) {
  std::string text = kProduct;
  text.replace(text.find("W 1x1 at 0 rows 2 columns 3"), 27, "W");
  program_ = folder_.write("sized.npu", text);
  const Ended ended =
      isa({"--quiet", "--input", folder_.file("x.npy"), "--output", folder_.file("y.npy")});
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(read_npy(folder_.file("y.npy"))->float_row(0), (std::vector<float>{6.25f, 3}));
}

TEST_F(IsaFiles, WrongOnesAreRefusedWithTheirPlace) {
  save("W.npy", {1, 2, 3, 4}, {2, 2});
  Ended ended = isa({});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr(":3:1: W.npy: has shape (2, 2); the matrix has 2 rows of 3"));
  save("W.npy", {1, 2, 3, 4, std::numeric_limits<float>::quiet_NaN(), 6}, {2, 3});
  EXPECT_THAT(isa({}).err, HasSubstr(":3:1: W.npy: value 4: not a number (NaN)"));
  save("W.npy", {1, 2, 3, 4, 5, 6}, {2, 3});
  save("b.npy", {1, 2}, {1, 2});
  EXPECT_THAT(isa({}).err, HasSubstr(":4:1: b.npy: has shape (1, 2); allowed is one axis"));
  save("b.npy", {1, 2}, {2});
  save("x.npy", {1, 2}, {1, 2});
  ended = isa({"--input", "x=" + folder_.file("x.npy"), "--output", "z=o.npy"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("a message of port \"x\" is a row of 3 values"));
  EXPECT_THAT(ended.err,
              HasSubstr("--output z=o.npy: write PORT=FILE.npy, or FILE.npy where there is one "
                        "port; ports are y"));
}

// ---- options ----

TEST_F(Values, PlanOutWritesThePlan) {
  const std::string out = folder_.file("plan");
  const Ended ended = run_soliton({"plan", "configs/quickstart.yaml", "--out", out});
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(read_text(out + "/plan.txt"), ended.out);
  EXPECT_EQ(read_json(out + "/plan.json")["model"], "language-gru/tuned-ms-fp9");
  for (const char* name : {"plan.svg", "cluster.yaml"}) EXPECT_TRUE(fs::exists(out + "/" + name));
  EXPECT_EQ(run_soliton({"plan", out + "/cluster.yaml"}).status, 0);
}

TEST_F(Values, MoreWordsAreOnStandardError) {
  const Ended quiet = run_soliton({"plan", "configs/quickstart.yaml"});
  EXPECT_EQ(quiet.err, "");
  const Ended words = run_soliton({"plan", "configs/quickstart.yaml", "-v", "-v"});
  EXPECT_EQ(words.out, quiet.out);
  EXPECT_THAT(words.err, HasSubstr("quickstart: 5 nodes"));
  EXPECT_THAT(words.err, HasSubstr("tuned-ms-fp9.onnx"));
  EXPECT_THAT(run_soliton({"check", "configs/quickstart.yaml", "-v"}).err, HasSubstr("5 nodes"));
  EXPECT_THAT(run_soliton({"list", "faults", "-v"}).err, HasSubstr("data files in"));
}

TEST_F(Values, OptionsWithoutAnEffectAreRefused) {
  for (const Arguments& arguments : std::vector<Arguments>{
           {"check", "configs/quickstart.yaml", "--out", "x"},
           {"list", "devices", "--out", "x"},
           {"quantize", "int8", "docs/examples/values.hex", "--out", "x"},
           {"run", "configs/quickstart.yaml", "--engine", "slurm"},
           {"plan", "configs/quickstart.yaml", "--engine", "mpi"},
           {"run", "configs/quickstart.yaml", "--time", "wall", "--processes", "packed"}}) {
    const Ended ended = run_soliton(arguments);
    EXPECT_EQ(ended.status, 2) << arguments[0] << " " << arguments[2];
    EXPECT_NE(ended.err, "");
  }
}

// A port of a tenth of the cable's rate is the slower of the two, in the plan and in the run.
TEST_F(Values, ANetworkPortLimitsItsCable) {
  const auto latency = [&](const std::string& name, const std::string& device) {
    const Ended ended = run(name, "configs/quickstart.yaml",
                            {"--set", "compute=timing", "--set", "workload.requests=5", "--set",
                             "nodes[0].device=" + device});
    EXPECT_EQ(ended.status, 0) << ended.err;
    const nlohmann::json r = results(name);
    const double mean = r["latency_us"]["mean"];
    EXPECT_NEAR(r["partition"]["predicted_latency_us"].get<double>(), mean, 0.05 * mean);
    return mean;
  };
  const double usual = latency("usual", "bw-pocket");
  EXPECT_EQ(latency("wide", "{base: bw-pocket, network_bandwidth: 400 Gb/s}"), usual);
  EXPECT_GT(latency("narrow", "{base: bw-pocket, network_bandwidth: 4 Gb/s}"), 1.05 * usual);
}

}  // namespace
}  // namespace soliton
