// Standard output and error that are closed, full or gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>

#include "tests/process/endings/endings.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

// `words` for a shell in the source folder, with $S for the program. A pipe ends with the first
// status that is not 0.
int shell(const std::string& words) {
  setenv("S", soliton_program().c_str(), 1);
  const int status =
      std::system(("cd '" SOLITON_SOURCE_DIR "' && bash -o pipefail -c '" + words + "'").c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string small_run(const std::string& out) {
  return "$S run configs/quickstart.yaml --processes packed --set workload.requests=20 --out " +
         out;
}

TEST(Output, ARunFinishesWhateverBecameOfItsStreams) {
  for (const char* streams : {">&-", "2>&-", ">&- 2>&- <&-", ">/dev/full", "2>/dev/full",
                              ">/dev/full 2>/dev/full", "| true"}) {
    const TemporaryFolder folder;
    const std::string out = folder.file("run");
    EXPECT_EQ(shell(small_run(out) + " 2>/dev/null " + streams), 0) << streams;
    const auto results = read_json(out + "/results.json");
    EXPECT_TRUE(results["complete"]) << streams;
    EXPECT_EQ(results["requests"]["completed"], 20) << streams;
    EXPECT_THAT(read_text(out + "/summary.txt"), HasSubstr("20 requests")) << streams;
  }
}

TEST(Output, ResultsThatWereAskedForAndCouldNotBePrintedAreStatus6) {
  const TemporaryFolder folder;
  const std::string out = folder.file("run");
  for (const char* streams : {">/dev/full 2>/dev/null", ">&- 2>/dev/null"}) {
    EXPECT_EQ(shell(small_run(out) + " --json " + streams), 6) << streams;
    EXPECT_TRUE(read_json(out + "/results.json")["complete"]);
    for (const char* command :
         {"check configs/quickstart.yaml", "plan configs/quickstart.yaml", "list devices",
          "isa configs/programs/lstm.npu", "check --json configs/quickstart.yaml"})
      EXPECT_EQ(shell(std::string("$S ") + command + " " + streams), 6) << command << streams;
  }
}

TEST(Output, ABadFileIsItsStatusAlsoWhereNobodyReadsTheErrors) {
  EXPECT_EQ(shell("$S check configs/quickstart.yaml --set seed=x 2>/dev/full"), 2);
  EXPECT_EQ(shell("$S run no-such-file.yaml 2>&-"), 2);
}

}  // namespace
}  // namespace soliton
