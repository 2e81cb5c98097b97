// What a node process may not do, each in a process of its own; and that nodes of a run are such.
#include "node/runtime/confinement.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <sstream>
#include <thread>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

constexpr const char* kWhySkipped = "system calls are not filtered here";

bool filters_here() {
  // Asked of a process that may lose them.
  const pid_t pid = fork();
  if (pid == 0) _exit(filter_system_calls().filtered ? 0 : 1);
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct Act {
  const char* name;
  void (*act)();
};

void PrintTo(const Act& act, std::ostream* out) { *out << act.name; }

const Act kForbidden[] = {
    {"execve",
     [] {
       char* const words[] = {nullptr};
       execve("/bin/true", words, words);
     }},
    {"fork", [] { static_cast<void>(syscall(SYS_fork)); }},
    {"clone_of_a_process", [] { static_cast<void>(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)); }},
    {"open_to_write", [] { static_cast<void>(open("/dev/null", O_WRONLY)); }},
    {"open_to_read_and_write",
     [] { static_cast<void>(open("/dev/null", O_RDWR | O_CREAT, 0600)); }},
    {"unix_socket", [] { static_cast<void>(socket(AF_UNIX, SOCK_STREAM, 0)); }},
    {"udp_socket", [] { static_cast<void>(socket(AF_INET, SOCK_DGRAM, 0)); }},
    {"ptrace", [] { static_cast<void>(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }},
    {"kill_of_the_parent", [] { static_cast<void>(kill(getppid(), 0)); }},
    {"code_made_at_run_time",
     [] { mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }},
};

class Forbidden : public testing::TestWithParam<Act> {};

TEST_P(Forbidden, EndsTheProcess) {
  if (!filters_here()) GTEST_SKIP() << kWhySkipped;
  EXPECT_EXIT(
      {
        if (filter_system_calls().filtered) GetParam().act();
        _exit(0);
      },
      testing::KilledBySignal(SIGSYS), "");
}

INSTANTIATE_TEST_SUITE_P(Acts, Forbidden, testing::ValuesIn(kForbidden),
                         [](const auto& act) { return std::string(act.param.name); });

// What a node does once its descriptors are open.
int does_what_nodes_do(int udp, int memory) {
  int all = 0;
  std::thread([&all] { all = 1; }).join();
  char byte = 'x';
  if (write(memory, &byte, 1) != 1) return 1;
  sockaddr_in self{};
  socklen_t size = sizeof self;
  if (getsockname(udp, reinterpret_cast<sockaddr*>(&self), &size) != 0) return 2;
  if (connect(udp, reinterpret_cast<const sockaddr*>(&self), sizeof self) != 0) return 3;
  if (send(udp, &byte, 1, 0) != 1 || recv(udp, &byte, 1, 0) != 1) return 4;
  std::vector<char> much(50'000'000, 'y');
  if (much.back() != 'y') return 5;
  // Reading fails as where there is no such file, and what is unknown as on an older kernel.
  if (open("/etc/hostname", O_RDONLY) >= 0 || errno != EACCES) return 6;
  if (unlink("/nonexistent") == 0 || errno != ENOSYS) return 7;
  if (fchmod(memory, 0777) == 0 || errno != ENOSYS) return 7;
  return all == 1 ? 0 : 8;
}

TEST(Confinement, LeavesWhatANodeNeeds) {
  if (!filters_here()) GTEST_SKIP() << kWhySkipped;
  const int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(udp, reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
  const int memory = memfd_create("allowed", MFD_CLOEXEC);
  EXPECT_EXIT(
      {
        if (!filter_system_calls().filtered) _exit(99);
        _exit(does_what_nodes_do(udp, memory));
      },
      testing::ExitedWithCode(0), "");
  EXPECT_EXIT(
      {
        filter_system_calls();
        std::abort();
      },
      testing::KilledBySignal(SIGABRT), "");
  close(udp);
  close(memory);
}

std::string status_field(pid_t pid, const std::string& name) {
  std::istringstream lines(read_text("/proc/" + std::to_string(pid) + "/status"));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  return "";
}

std::string proc_text(pid_t pid, const std::string& file) {
  return read_text("/proc/" + std::to_string(pid) + "/" + file);
}

std::vector<std::string> environment_of(pid_t pid) {
  std::istringstream entries(proc_text(pid, "environ"));
  std::vector<std::string> out;
  for (std::string entry; std::getline(entries, entry, '\0');)
    out.push_back(entry.substr(0, entry.find('=')));
  return out;
}

std::vector<std::string> long_run(const TemporaryFolder& folder, const char* time) {
  return {
      "run",   "configs/quickstart.yaml",  "--quiet", "--time", time, "--out", folder.file("run"),
      "--set", "workload.requests=2000000"};
}

// What a node may be told by its environment, and no more.
constexpr const char* kPassedOn[] = {"SOLITON_LOG",    "SOLITON_DEBUG_NODES", "ASAN_OPTIONS",
                                     "LSAN_OPTIONS",   "TSAN_OPTIONS",        "UBSAN_OPTIONS",
                                     "GLIBC_TUNABLES", "LD_LIBRARY_PATH"};

class NodesOfARun : public testing::TestWithParam<const char*> {};

TEST_P(NodesOfARun, HaveGivenUpWhatTheyDoNotNeed) {
  setenv("SOLITON_TEST_PASSWORD", "secret", 1);
  setenv("SOLITON_LOG", "info", 1);
  const int leaked = open("/dev/null", O_RDONLY);  // not closed on exec
  const TemporaryFolder folder;
  Running running(long_run(folder, GetParam()));
  const auto nodes = running.wait_for_nodes(5);
  unsetenv("SOLITON_TEST_PASSWORD");
  close(leaked);
  ASSERT_EQ(nodes.size(), 5u);
  const bool filtered = filters_here();
  for (const auto& [name, pid] : nodes) {
    const std::string log = folder.file("run") + "/log/" + name + ".log";
    while (read_text(log).find("ready as process") == std::string::npos && process_exists(pid))
      std::this_thread::yield();
    EXPECT_EQ(status_field(pid, "NoNewPrivs"), "1");
    EXPECT_THAT(proc_text(pid, "limits"), HasSubstr("Max core file size        0 "));
    EXPECT_GT(std::stoi(proc_text(pid, "oom_score_adj")),
              std::stoi(proc_text(running.pid(), "oom_score_adj")));
    if (geteuid() != 0) continue;  // nobody else may look
    EXPECT_THAT(environment_of(pid), testing::Contains("SOLITON_LOG"));
    EXPECT_THAT(environment_of(pid), testing::Each(testing::AnyOfArray(kPassedOn)));
    for (const auto& entry :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
      std::error_code gone;
      const auto target = std::filesystem::read_symlink(entry.path(), gone);
      if (entry.path().filename() == "0") continue;  // standard input
      EXPECT_NE(target, "/dev/null") << entry.path();
    }
  }
  ::kill(running.pid(), SIGINT);
  EXPECT_EQ(running.wait().status, 130);
  const auto results = read_json(folder.file("run") + "/results.json");
  EXPECT_EQ(results["wall"]["nodes_confined"], filtered);
  for (const auto& [name, pid] : nodes) {
    const std::string log = read_text(folder.file("run") + "/log/" + name + ".log");
    EXPECT_EQ(log.find("system calls are not filtered") == std::string::npos, filtered) << log;
  }
}

INSTANTIATE_TEST_SUITE_P(Times, NodesOfARun, testing::Values("virtual", "wall"));

TEST(NodesOfARun, MayBeDebuggedWhenAskedFor) {
  setenv("SOLITON_DEBUG_NODES", "1", 1);
  const TemporaryFolder folder;
  Running running(long_run(folder, "virtual"));
  const auto nodes = running.wait_for_nodes(5);
  unsetenv("SOLITON_DEBUG_NODES");
  ASSERT_EQ(nodes.size(), 5u);
  const std::string own = read_text("/proc/self/limits");
  const std::string line = own.substr(own.find("Max core file size"), 60);
  EXPECT_THAT(proc_text(nodes[0].second, "limits"), HasSubstr(line));
}

// Packed nodes are no processes, so there is nothing to say of them.
TEST(NodesOfARun, ArePackedAndNoProcesses) {
  const TemporaryFolder folder;
  ASSERT_EQ(run_soliton({"run", "configs/quickstart.yaml", "--quiet", "--processes", "packed",
                         "--out", folder.file("run"), "--set", "workload.requests=2"})
                .status,
            0);
  EXPECT_TRUE(read_json(folder.file("run") + "/results.json")["wall"]["nodes_confined"].is_null());
}

}  // namespace
}  // namespace soliton
