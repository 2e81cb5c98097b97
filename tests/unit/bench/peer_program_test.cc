// The programs of messaging libraries, as the bench calls them; here a script stands for one.
#include "cluster/bench/peer_program.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace soliton {
namespace {

using ::testing::ElementsAre;

class Script : public testing::Test {
 protected:
  Script() {
    std::string folder = (std::filesystem::temp_directory_path() / "soliton-test-XXXXXX").string();
    folder_ = mkdtemp(folder.data());
  }
  ~Script() override { std::filesystem::remove_all(folder_); }

  PeerProgram program(const std::string& body, std::vector<std::string> wanted) const {
    const std::string path = (folder_ / "peers").string();
    std::ofstream(path) << "#!/bin/sh\n" << body;
    chmod(path.c_str(), 0700);
    return {path, std::move(wanted)};
  }

  std::filesystem::path folder_;
};

TEST_F(Script, HasWhatItListsAndMissesTheRest) {
  const PeerProgram peers = program("[ $1 = list ] && printf 'b\\nd\\n'\n", {"a", "b", "c"});
  EXPECT_TRUE(peers.has("b"));
  EXPECT_FALSE(peers.has("a"));
  EXPECT_THAT(peers.missing(), ElementsAre("a", "c"));
}

TEST_F(Script, ThatWasNotBuiltHasNothing) {
  const PeerProgram peers((folder_ / "none").string(), {"a"});
  EXPECT_FALSE(peers.has("a"));
  EXPECT_THAT(peers.missing(), ElementsAre("a"));
}

TEST_F(Script, IsToldTheTurnAndItsFiguresAreRead) {
  const PeerProgram peers = program(
      "[ $1 = list ] && { echo a; exit; }\n"
      "[ \"$*\" = 'a rtt 64 0.25 1' ] && echo 1500.5 2500.5 0 7 0\n"
      "[ \"$*\" = 'a stream 4096 0.25 0' ] && echo 0 0 2e6 9 3\n",
      {"a"});
  const auto rtt = peers.run("a", "rtt", {64, 0.25, true});
  ASSERT_TRUE(rtt.has_value());
  EXPECT_EQ(rtt->p50_ns, 1500.5);
  EXPECT_EQ(rtt->p99_ns, 2500.5);
  EXPECT_EQ(rtt->samples, 7U);
  const auto stream = peers.run("a", "stream", {4096, 0.25, false});
  ASSERT_TRUE(stream.has_value());
  EXPECT_EQ(stream->messages_per_second, 2e6);
  EXPECT_EQ(stream->wrong, 3U);
}

TEST_F(Script, ThatFailsOrBabblesGivesNoFigures) {
  EXPECT_FALSE(program("exit 1\n", {"a"}).run("a", "rtt", {}).has_value());
  EXPECT_FALSE(program("echo 1 2 three\n", {"a"}).run("a", "rtt", {}).has_value());
}

}  // namespace
}  // namespace soliton
