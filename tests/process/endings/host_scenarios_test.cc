// Scenarios of hosts in wall time (docs/faults.md, "The host itself") that have no test elsewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "tests/process/endings/endings.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> wall_run(const std::string& folder, const std::string& requests) {
  return {"run",   "configs/quickstart.yaml",      "--quiet", "--time", "wall", "--out", folder,
          "--set", "workload.requests=" + requests};
}

// H5: said before anything is started.
TEST(HostScenarios, TooFewDescriptorsAreSaidBeforeTheStart) {
  const TemporaryFolder folder;
  const std::string messages = folder.file("messages");
  const std::string line = "ulimit -n 24; cd '" SOLITON_SOURCE_DIR "' && exec '" +
                           soliton_program() +
                           "' run configs/ltl/incast-16.yaml --quiet --time wall --out '" +
                           folder.file("run") + "' 2>'" + messages + "'";
  Session session({"sh", "-c", line});
  EXPECT_EQ(session.wait(30), 7);
  EXPECT_THAT(read_text(messages), HasSubstr("descriptors"));
}

// H6: messages of far more packets than a socket's buffer holds by default.
TEST(HostScenarios, ABurstIntoADefaultReceiveBufferArrivesWhole) {
  const TemporaryFolder folder;
  const std::string file = folder.write(
      "burst.yaml",
      "name: burst\ntime: wall\nnodes: [{name: \"fpga[0-8]\", device: bw-s10}]\n"
      "workload: {kind: incast, to: fpga0, from: \"fpga[1-8]\", bytes: 256 KiB, count: 40}\n");
  const Ended ended = run_soliton({"run", file, "--quiet", "--out", folder.file("run")});
  EXPECT_EQ(ended.status, 0) << ended.err;
  const nlohmann::json results = read_json(folder.file("run") + "/results.json");
  EXPECT_TRUE(results["complete"]);
  EXPECT_EQ(results["requests"]["failed"], 0);
}

// H7: each has its ports, its memory and its folder, and ends none of the others' processes.
TEST(HostScenarios, TwentyClustersAtOnceDoNotMeet) {
  constexpr int kClusters = 20;
  const TemporaryFolder folder;
  std::vector<std::unique_ptr<Running>> all;
  for (int i = 0; i < kClusters; ++i)
    all.push_back(std::make_unique<Running>(wall_run(folder.file(std::to_string(i)), "20")));
  for (int i = 0; i < kClusters; ++i) {
    const Ended ended = all[static_cast<std::size_t>(i)]->wait();
    EXPECT_EQ(ended.status, 0) << i << ": " << ended.err;
    const nlohmann::json results = read_json(folder.file(std::to_string(i)) + "/results.json");
    EXPECT_EQ(results["outputs"]["mismatched"], 0) << i;
    EXPECT_EQ(results["ltl"]["refused"]["stale"], 0) << i;
  }
}

// H10: the time of day jumps by an hour with each call, forwards and back. Only dates of the run may show it.
TEST(HostScenarios, AWallClockThatJumpsByAnHourChangesNothing) {
  const TemporaryFolder folder;
  const std::string source = folder.write(
      "jumps.c",
      "#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <time.h>\n#include <sys/time.h>\n"
      "static long jump(void) { static int calls; return ++calls % 2 ? 3600 : -3600; }\n"
      "int clock_gettime(clockid_t id, struct timespec* t) {\n"
      "  static int (*real)(clockid_t, struct timespec*);\n"
      "  if (!real) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "
      "\"clock_gettime\");\n"
      "  int out = real(id, t);\n"
      "  if (id == CLOCK_REALTIME) t->tv_sec += jump();\n  return out;\n}\n"
      "int gettimeofday(struct timeval* t, void* z) {\n  (void)z;\n"
      "  struct timespec s; clock_gettime(CLOCK_REALTIME, &s);\n"
      "  t->tv_sec = s.tv_sec; t->tv_usec = s.tv_nsec / 1000; return 0;\n}\n"
      "time_t time(time_t* t) {\n  struct timespec s; clock_gettime(CLOCK_REALTIME, &s);\n"
      "  if (t) *t = s.tv_sec;\n  return s.tv_sec;\n}\n");
  const std::string library = folder.file("jumps.so");
  if (std::system(
          ("cc -shared -fPIC -o '" + library + "' '" + source + "' -ldl 2>/dev/null").c_str()) != 0)
    GTEST_SKIP() << "no C compiler here";
  std::vector<std::string> words{"env", "LD_PRELOAD=" + library, soliton_program()};
  for (const std::string& word : wall_run(folder.file("run"), "50")) words.push_back(word);
  Session session(words);
  EXPECT_EQ(session.wait(60), 0);
  const nlohmann::json results = read_json(folder.file("run") + "/results.json");
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  EXPECT_EQ(results["requests"]["failed"], 0);
  EXPECT_LT(results["latency_us"]["max"].get<double>(), 60e6);
}

// H11: the kernel kills a node for its memory, as it prefers nodes to the controller.
TEST(HostScenarios, ANodeThatTheKernelKillsIsNamedAndNothingIsLost) {
  const TemporaryFolder folder;
  const std::string out = folder.file("run");
  Running running(wall_run(out, "1000000"));
  const auto nodes = running.wait_for_nodes(5);
  ASSERT_EQ(nodes.size(), 5u);
  ASSERT_TRUE(wait_for_answers(out));
  const auto badness = [](pid_t pid) {
    return std::stoi(read_text("/proc/" + std::to_string(pid) + "/oom_score_adj"));
  };
  EXPECT_GT(badness(nodes[2].second), badness(running.pid()));
  ::kill(nodes[2].second, SIGKILL);
  const Ended ended = running.wait();
  EXPECT_EQ(ended.status, 4);
  EXPECT_THAT(ended.err, HasSubstr(nodes[2].first));
  EXPECT_TRUE(all_gone(nodes, 1000));
  expect_valid_and_marked(out);
}

}  // namespace
}  // namespace soliton
