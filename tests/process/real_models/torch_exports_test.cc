// Models as PyTorch exports them, on a host and on FPGAs, against PyTorch. Debian's python3-torch makes
// them; without it the test is skipped.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/process/real_models/on_fpgas.h"

namespace soliton {
namespace {

const std::string kScript = SOLITON_SOURCE_DIR "/tests/process/real_models/torch_exports.py";

bool there(const std::string& command) { return std::system(command.c_str()) == 0; }

TEST(TorchExports, AnswerAsPyTorchDoes) {
  if (!there("/usr/bin/python3 -c 'import torch' 2>/dev/null"))
    GTEST_SKIP() << "needs the package python3-torch";
  const TemporaryFolder folder;
  const std::string models = folder.file("models"), log = folder.file("log");
  ASSERT_TRUE(there("/usr/bin/python3 " + kScript + " " + models + " >" + log + " 2>&1"))
      << read_text(log);
  std::size_t tried = 0;
  for (const auto& entry : std::filesystem::directory_iterator(models)) {
    const std::string name = entry.path().filename();
    SCOPED_TRACE(name);
    const std::string file = entry.path() / "cluster.yaml", out = folder.file("on-cpu-" + name);
    const Ended ended = run_soliton({"run", file, "--quiet", "--out", out});
    ASSERT_EQ(ended.status, 0) << ended.err;
    const nlohmann::json outputs = read_json(out + "/results.json")["outputs"];
    EXPECT_EQ(outputs["checked"], 3);
    EXPECT_LT(outputs["max_rel_error"].get<double>(), 1e-4);
    expect_near_on_fpgas(file, folder.file("on-fpgas-" + name));
    ++tried;
  }
  EXPECT_EQ(tried, 6u);
}

}  // namespace
}  // namespace soliton
