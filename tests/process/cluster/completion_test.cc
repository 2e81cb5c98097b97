// What editors and shells ask the program: schemas, completions, findings as JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::string shipped(const std::string& file) {
  std::ifstream stream(std::string(SOLITON_SOURCE_DIR) + "/" + file);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

TEST(Schema, IsTheShippedOneOfEveryKind) {
  for (const char* kind : {"cluster", "experiment", "device", "topology"}) {
    const Ended schema = run_soliton({"schema", kind});
    EXPECT_EQ(schema.status, 0);
    EXPECT_EQ(schema.out, shipped(std::string("configs/") + kind + ".schema.json")) << kind;
  }
  EXPECT_EQ(run_soliton({"schema", "clustre"}).status, 2);
}

TEST(Completion, KnowsKeysAndTheirWords) {
  EXPECT_EQ(run_soliton({"completion", "set", "--typed", "ltl.mt"}).out, "ltl.mtu=\n");
  EXPECT_EQ(run_soliton({"completion", "set", "--typed", "time="}).out,
            "time=virtual\ntime=wall\n");
  EXPECT_EQ(run_soliton({"completion", "set", "--typed", "nothing.x"}).out, "");
  EXPECT_THAT(run_soliton({"completion", "words"}).out, HasSubstr("sweep\n"));
}

TEST(Completion, HasAScriptForEveryShell) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Ended script = run_soliton({"completion", shell});
    EXPECT_EQ(script.status, 0);
    EXPECT_THAT(script.out, HasSubstr("soliton completion set --typed")) << shell;
  }
}

TEST(CheckJson, GivesEveryFindingItsPlace) {
  const TemporaryFolder folder;
  const std::string file = folder.write("c.yaml", "name: x\nnodse: []\nltl: {mtu: 1 B}\n");
  const Ended check = run_soliton({"check", file, "--json"});
  EXPECT_EQ(check.status, 2);
  const json verdict = json::parse(check.out).at(0);
  EXPECT_EQ(verdict.at("file"), file);
  EXPECT_EQ(verdict.at("good"), false);
  bool found = false;
  for (const json& error : verdict.at("errors"))
    found = found || error == json{{"file", file},
                                   {"line", 3},
                                   {"column", 12},
                                   {"message", "ltl.mtu: 1 B is not between 64 B and 9 kB"}};
  EXPECT_TRUE(found) << check.out;
  const json missing = json::parse(run_soliton({"check", file + "x", "--json"}).out).at(0);
  EXPECT_TRUE(missing.at("errors").at(0).at("line").is_null());
}

}  // namespace
}  // namespace soliton
