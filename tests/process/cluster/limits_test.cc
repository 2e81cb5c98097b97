// Machines that are short of something, and files that ask for more than there is: every such run
// ends with a reason and the status of its kind, never with a signal or an internal error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr const char* kProgram = SOLITON_BINARY_DIR "/bin/soliton";

// A line of shell with $SOLITON as the program and the source folder as working directory.
Ended shell(const std::string& line) {
  const TemporaryFolder folder;
  const std::string script = std::string("cd '") + SOLITON_SOURCE_DIR + "'; SOLITON='" + kProgram +
                             "'; (" + line + ") >'" + folder.file("out") + "' 2>'" +
                             folder.file("err") + "'";
  const int status = std::system(script.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          read_text(folder.file("out")), read_text(folder.file("err"))};
}

std::string short_run(const TemporaryFolder& folder, const std::string& more) {
  return "exec $SOLITON run configs/quickstart.yaml --quiet --set workload.requests=3 --out '" +
         folder.file("run") + "' " + more;
}

TEST(Limits, TooLittleMemoryIsTheEnvironment) {
  for (const char* processes : {"packed", "per-node"}) {
    const TemporaryFolder folder;
    const Ended ended = shell("ulimit -v 31000; " + short_run(folder, "--processes ") + processes);
    // Below what the dynamic linker needs, the shell says 127.
    if (ended.status == 127) GTEST_SKIP() << ended.err;
    EXPECT_EQ(ended.status, 7) << processes << ": " << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("not enough")) << processes;
  }
}

// Whatever it is that does not fit: the program, a thread, a model, what a node needs.
TEST(Limits, EveryAmountOfMemoryIsEnoughOrIsSaidToBeTooLittle) {
  for (int megabytes = 16; megabytes <= 400; megabytes += 32) {
    for (const char* processes : {"packed", "per-node"}) {
      const TemporaryFolder folder;
      const std::string limit = "ulimit -v " + std::to_string(megabytes * 1024) + "; ";
      // With less than its libraries need to be loaded the program never begins.
      if (shell(limit + "$SOLITON --version").status != 0) continue;
      const Ended ended = shell(limit + short_run(folder, "--processes ") + processes);
      EXPECT_THAT(ended.status, AnyOf(0, 7))
          << megabytes << " MiB, " << processes << ": " << ended.err;
    }
  }
}

TEST(Limits, TooFewProcessesOrThreadsAreTheEnvironment) {
  const bool is_root = geteuid() == 0;
  // The limit is not kept for root, so the run is another user's.
  const std::string user = "setpriv --reuid 65534 --regid 65534 --clear-groups ";
  if (is_root && shell(user + kProgram + std::string(" --version")).status != 0)
    GTEST_SKIP() << "no other user can run the program";
  for (const int limit : {1, 3, 5, 6, 7, 8, 9, 10, 12}) {
    const TemporaryFolder folder;
    std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
    const std::string run = "ulimit -u " + std::to_string(limit) +
                            "; exec $SOLITON run "
                            "configs/quickstart.yaml --quiet --time wall --set "
                            "workload.requests=3 --out " +
                            folder.file("run");
    const Ended ended =
        shell(is_root ? "export SOLITON; exec " + user + "sh -c '" + run + "'" : run);
    EXPECT_THAT(ended.status, AnyOf(0, 7)) << limit << " processes: " << ended.err;
    if (ended.status == 7) {
      EXPECT_NE(ended.err, "") << limit;
    }
  }
}

TEST(Limits, FilesThatMayNotGrowAreNotWritten) {
  const TemporaryFolder folder;
  const Ended ended = shell("ulimit -f 8; " + short_run(folder, "--processes packed"));
  EXPECT_EQ(ended.status, 6) << ended.err;
  EXPECT_NE(ended.err, "");
}

TEST(Limits, ARequestLongerThanEmulatedTimeIsRefused) {
  const TemporaryFolder folder;
  const std::string file = folder.write(
      "c.yaml",
      "nodes:\n  - {name: \"fpga[0-1]\", device: {base: bw-s10, dram: 8 GiB, dram_bandwidth: 1 "
      "kb/s}}\n  - {name: host0, device: cpu}\nmodel:\n  rnn: {cell: gru, hidden: 2000, steps: "
      "1000}\n  place: dram\nworkload: {requests: 3}\n");
  for (const char* command : {"plan", "run"}) {
    const Ended ended = run_soliton({command, file});
    EXPECT_EQ(ended.status, 3) << command << ": " << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("where emulated time ends")) << command;
  }
}

TEST(Limits, TimesThatEndWithTimeComeBackFromTheRunsOwnFile) {
  const TemporaryFolder folder;
  const std::string file = folder.write(
      "c.yaml",
      "nodes:\n  - {name: fpga0, device: bw-s10}\n  - {name: host0, device: cpu}\nmodel: {rnn: "
      "{cell: gru, hidden: 64, steps: 2}}\nlimits: {time: 50 d}\nworkload: {requests: 3, think: 50 "
      "d}\nfaults:\n  - {at: 49 d, for: 50 d, link: \"*\", loss: 100 %}\n");
  const Ended first =
      run_soliton({"run", file, "--processes", "packed", "--out", folder.file("a")});
  EXPECT_EQ(first.status, 5) << first.err;  // the second request would be sent when time ends
  const Ended again = run_soliton(
      {"run", folder.file("a/cluster.yaml"), "--processes", "packed", "--out", folder.file("b")});
  EXPECT_EQ(again.status, 5) << again.err;
  EXPECT_EQ(results_without_wall(folder.file("a")), results_without_wall(folder.file("b")));
}

TEST(Limits, ControlCharactersOfAProgramDoNotReachTheTerminal) {
  const TemporaryFolder folder;
  const std::string text =
      read_text(std::string(SOLITON_SOURCE_DIR) + "/configs/programs/lstm.npu");
  const std::string file = folder.write("x.npu", text + "\n\x1b[31m\x9b red\xe2\x80\xae\x01 \n");
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{}, {"--trace"}, {"--words"}, {"--json"}}) {
    std::vector<std::string> words{"isa", file};
    words.insert(words.end(), more.begin(), more.end());
    const Ended ended = run_soliton(words);
    EXPECT_EQ(ended.status, 2) << ended.out;
    for (const std::string& said : {ended.out, ended.err}) {
      EXPECT_EQ(said.find('\x1b'), std::string::npos) << said;
      EXPECT_EQ(said.find('\x01'), std::string::npos) << said;
      EXPECT_EQ(said.find("\xe2\x80\xae"), std::string::npos) << said;
    }
    EXPECT_THAT(ended.err, HasSubstr("\\x1b"));
  }
}

}  // namespace
}  // namespace soliton
