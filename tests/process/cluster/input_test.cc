// Where the programs' input comes from: files that are none, streams, files that come with the
// program; and that nothing in it reaches a terminal as it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdio>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Clock = std::chrono::steady_clock;

const std::string kSoliton = SOLITON_BINARY_DIR "/bin/soliton";

constexpr const char* kCluster =
    "nodes:\n  - {name: fpga0, device: bw-s10}\n  - {name: host0, device: cpu}\n"
    "model: {rnn: {cell: gru, hidden: 64, steps: 2}}\n"
    "workload: {requests: 2}\nprocesses: packed\n";

// A line of bash in `folder`; both outputs together.
Ended shell(const std::string& folder, const std::string& line) {
  Ended ended;
  const std::string command = "cd '" + folder + "' && exec bash -c '" + line + "' 2>&1";
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return ended;
  char buffer[4096];
  for (std::size_t size = 0; (size = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    ended.out.append(buffer, size);
  const int status = pclose(pipe);
  ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ended;
}

TEST(Input, DevicesAndFoldersAreRefusedAtOnce) {
  for (const char* command : {"check", "run", "plan", "sweep", "isa"}) {
    for (const char* file : {"/dev/zero", "/dev/random", "configs"}) {
      const auto start = Clock::now();
      const Ended ended = run_soliton({command, file});
      EXPECT_EQ(ended.status, 2) << command << " " << file;
      EXPECT_THAT(ended.err, HasSubstr(", not a file")) << command << " " << file;
      EXPECT_LT(Clock::now() - start, std::chrono::seconds(10));
    }
  }
  EXPECT_EQ(run_soliton({"quantize", "ms-fp9", "/dev/zero"}).status, 2);
}

TEST(Input, AStreamHasALimit) {
  const Ended ended = run_soliton({"check", "-"}, "/dev/zero");
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("more than 16777216 bytes, the limit"));
}

TEST(Input, APipeThatNobodyWritesIsRefused) {
  const TemporaryFolder folder;
  ASSERT_EQ(mkfifo(folder.file("pipe").c_str(), 0600), 0);
  const auto start = Clock::now();
  const Ended ended = run_soliton({"check", folder.file("pipe")});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("pipe\" is a pipe that no process writes to"));
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(20));
  folder.write("c.yaml", kCluster);
  const Ended written =
      shell(folder.path(), "(sleep 0.2; cat c.yaml >pipe) & " + kSoliton + " check pipe");
  EXPECT_EQ(written.status, 0) << written.out;
}

// Standard input, /dev/stdin and process substitution; their paths are seen from the current
// folder.
TEST(Input, StreamsAreReadOnceAndSeePathsFromTheCurrentFolder) {
  const TemporaryFolder folder;
  folder.write("my.yaml", "base: bw-s10\nlanes: 20\n");
  std::string text = kCluster;
  text.replace(text.find("bw-s10"), 6, "my.yaml");
  folder.write("c.yaml", text);
  for (const std::string& line :
       {"cat c.yaml | " + kSoliton + " check -", "cat c.yaml | " + kSoliton + " check /dev/stdin",
        kSoliton + " check - <c.yaml", kSoliton + " check <(cat c.yaml)",
        kSoliton + " check <(sleep 0.3; cat c.yaml)", kSoliton + " plan -q <(cat c.yaml)",
        "cat c.yaml | " + kSoliton + " run - --out run-" + "$RANDOM"}) {
    const Ended ended = shell(folder.path(), line);
    EXPECT_EQ(ended.status, 0) << line << "\n" << ended.out;
  }
  const Ended bad = shell(folder.path(), "echo seed: x | " + kSoliton + " check -");
  EXPECT_EQ(bad.status, 2);
  EXPECT_THAT(bad.out, HasSubstr("-:1:7: seed: \"x\" is not a whole number"));
  EXPECT_EQ(
      shell(folder.path(), kSoliton + " isa - <" SOLITON_SOURCE_DIR "/configs/programs/gru.npu")
          .status,
      0);
}

TEST(Input, ShippedNamesAreFoundFromAnyFolder) {
  const TemporaryFolder folder;
  for (const char* name : {"quickstart", "configs/quickstart.yaml", "quickstart.yaml",
                           "ltl/ping-pod", "strong-scaling", "bw-s10", "rack"}) {
    const Ended ended = shell(folder.path(), kSoliton + " check --no-plan " + name);
    EXPECT_EQ(ended.status, 0) << name << "\n" << ended.out;
    EXPECT_THAT(ended.out, HasSubstr(": good"));
  }
  EXPECT_EQ(shell(folder.path(), kSoliton + " isa -q lstm").status, 0);
  const Ended near = shell(folder.path(), kSoliton + " check quickstrat");
  EXPECT_EQ(near.status, 2);
  EXPECT_THAT(near.out,
              HasSubstr("no file \"quickstrat\"; did you mean the shipped \"quickstart\"?"));
  // What is in the current folder goes first.
  folder.write("quickstart", "sead: 1\n");
  EXPECT_THAT(shell(folder.path(), kSoliton + " check quickstart").out,
              HasSubstr("quickstart:1:1: unknown key \"sead\""));
}

// No control character, C1 or mark of direction, and no byte that is no UTF-8.
bool is_harmless(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) return false;
    if (c == 0x9b && (i == 0 || static_cast<unsigned char>(text[i - 1]) < 0x80)) return false;
    if (text.compare(i, 2, "\xc2\x9b") == 0 || text.compare(i, 3, "\xe2\x80\xae") == 0)
      return false;
  }
  return true;
}

void expect_harmless(const std::vector<std::string>& line) {
  const Ended ended = run_soliton(line);
  std::string words;
  for (const std::string& word : line) words += word + " ";
  EXPECT_LE(ended.status, 7) << words;
  EXPECT_TRUE(is_harmless(ended.err)) << words << "\n" << ended.err;
  EXPECT_TRUE(is_harmless(ended.out)) << words << "\n" << ended.out;
}

TEST(Input, NothingReachesATerminalAsItIs) {
  const TemporaryFolder folder;
  const std::string rough[] = {"e\x1b[31m",
                               "c\xc2\x9b"
                               "31m",
                               "r\xe2\x80\xae"
                               "l",
                               "b\x9b"
                               "31m"};
  for (const std::string& name : rough) {
    const std::string good = folder.write(name + ".yaml", kCluster);
    std::string text = kCluster;
    const std::string bad =
        folder.write(name + "-bad.yaml", "name: \"" + name + "\"\n\"" + name + "\": 1\n" + text);
    const std::string escaped =
        folder.write(name + "-esc.yaml", "name: \"\\e[31m\"\n\"\\x9b\\u202e\": \"\\e\"\n" + text +
                                             "faults: [{link: \"\\x9b\\u202e\", loss: \"\\e\"}]\n");
    const std::string program = folder.write(name + ".npu", "v_rd " + name + "\n");
    const std::string experiment = folder.write(
        name + "-e.yaml", "name: e\ncluster: \"" + name +
                              ".yaml\"\ndescription: \"\\e[31m\"\n"
                              "series: [{name: s, title: \"\\x9b\\u202e\", points: [{x: 1}]}]\n");
    for (const std::string& file : {good, bad, escaped, experiment, folder.file(name), program}) {
      for (const char* command : {"check", "plan", "isa"}) expect_harmless({command, file});
      expect_harmless({"check", "--json", file});
      expect_harmless({"run", file, "--out", folder.file(name + "-run")});
      expect_harmless({"sweep", file, "--out", folder.file(name + "-sweep")});
    }
    expect_harmless({"run", good, "--set", "name=" + name});
    expect_harmless({"run", good, "--set", name + "=1"});
    expect_harmless({"plan", good, "--json"});
    expect_harmless({"run", good, "--json", "--out", folder.file(name + "-json")});
    expect_harmless({"list", name});
    expect_harmless({"check", good, "--time", name});
  }
}

}  // namespace
}  // namespace soliton
