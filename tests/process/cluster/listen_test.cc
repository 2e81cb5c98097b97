// Nodes whose sockets are beyond loopback, as real processes on a virtual card in a network
// namespace of the test's own. Needs root and iproute2; skipped, with the reason, where one is
// missing.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <sstream>
#include <thread>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

constexpr const char* kAddress = "198.18.79.1";  // of the range for benchmarks (RFC 2544)
constexpr std::size_t kNodes = 3;

// This thread, and what it starts, in a network of its own until the end of the scope.
class OwnNetwork {
 public:
  OwnNetwork() : before_(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) {
    entered_ = before_ >= 0 && unshare(CLONE_NEWNET) == 0;
    good_ = entered_ && run("ip link set lo up") &&
            run("ip link add soliton0 type veth peer name soliton1") &&
            run(std::string("ip addr add ") + kAddress + "/24 dev soliton0") &&
            run("ip link set soliton0 up");
  }
  ~OwnNetwork() {
    if (entered_ && setns(before_, CLONE_NEWNET) != 0) ADD_FAILURE() << "cannot go back";
    if (before_ >= 0) close(before_);
  }
  OwnNetwork(const OwnNetwork&) = delete;
  OwnNetwork& operator=(const OwnNetwork&) = delete;
  bool good() const { return good_; }

 private:
  static bool run(const std::string& command) {
    return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
  }
  int before_;
  bool entered_ = false, good_ = false;
};

constexpr const char* kWhySkipped =
    "a network namespace with a virtual card is not to be had here (root, ip)";

class Listen : public testing::Test {
 protected:
  Listen() {
    folder_.write("run.key", std::string(64, '7') + "\n");
    chmod(folder_.file("run.key").c_str(), 0600);
  }
  // Every node sends to every other, so that their sockets take what anybody sends.
  std::string cluster(int count, const std::string& wall = "") const {
    return folder_.write(
        "cluster.yaml",
        "name: listen\ntime: wall\nnodes: [{name: \"fpga[0-2]\", device: bw-s10}]\n"
        "workload: {kind: all-gather, nodes: \"fpga[0-2]\", bytes: 3 kB, schedule: direct, "
        "count: " +
            std::to_string(count) + "}\nwall: {listen: " + kAddress + ", key_file: run.key" + wall +
            "}\n");
  }

  const OwnNetwork network_;
  TemporaryFolder folder_;
};

struct Socket {
  std::string address;
  std::uint16_t port = 0;
};

// The UDP sockets of the namespace `pid` is in.
std::vector<Socket> udp_sockets(pid_t pid) {
  std::vector<Socket> out;
  std::istringstream lines(read_text("/proc/" + std::to_string(pid) + "/net/udp"));
  std::string line;
  std::getline(lines, line);  // the heading
  while (std::getline(lines, line)) {
    unsigned address = 0, port = 0;
    if (std::sscanf(line.c_str(), " %*u: %8X:%4X", &address, &port) != 2) continue;
    in_addr in{address};  // the kernel prints the four bytes as they lie
    out.push_back({inet_ntoa(in), static_cast<std::uint16_t>(port)});
  }
  return out;
}

std::vector<Socket> wait_for_sockets(pid_t pid) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::vector<Socket> out;
  while (out.size() < kNodes && std::chrono::steady_clock::now() < limit) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    out = udp_sockets(pid);
  }
  return out;
}

TEST_F(Listen, ARunBeyondLoopbackIsEncryptedAndSaysSo) {
  if (!network_.good()) GTEST_SKIP() << kWhySkipped;
  const Ended ended = run_soliton({"run", cluster(50), "--out", folder_.file("run")});
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("sockets on 198.18.79.1, packets encrypted"));
  const auto results = read_json(folder_.file("run") + "/results.json");
  EXPECT_EQ(results["ltl"]["carrier"], "udp");
  EXPECT_EQ(results["ltl"]["listen"], kAddress);
  EXPECT_EQ(results["ltl"]["auth"], "aead");
  EXPECT_EQ(results["requests"]["completed"], 50 * kNodes);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  EXPECT_THAT(read_text(folder_.file("run") + "/log/fpga1.log"), HasSubstr("of 198.18.79.1,"));
  // What the run folder keeps runs again, and holds the path of the key, not the key.
  const std::string kept = read_text(folder_.file("run") + "/cluster.yaml");
  EXPECT_THAT(kept, HasSubstr("run.key"));
  EXPECT_THAT(kept, testing::Not(HasSubstr("7777")));
  EXPECT_EQ(run_soliton({"check", folder_.file("run") + "/cluster.yaml"}).status, 0);
}

// Bytes of a stranger change nothing, and get no answer: what has no proof of the key is dropped.
TEST_F(Listen, NothingElseListensAndStrangersGetNoAnswer) {
  if (!network_.good()) GTEST_SKIP() << kWhySkipped;
  Running running({"run", cluster(10'000), "--quiet", "--out", folder_.file("run")});
  ASSERT_EQ(running.wait_for_nodes(kNodes).size(), kNodes);
  const std::vector<Socket> sockets = wait_for_sockets(running.pid());
  ASSERT_EQ(sockets.size(), kNodes);
  const int stranger = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  for (const Socket& node : sockets) {
    EXPECT_EQ(node.address, kAddress);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(node.port);
    to.sin_addr.s_addr = inet_addr(kAddress);
    for (std::size_t size : {0U, 1U, 31U, 32U, 56U, 200U, 1'400U})
      for (const char kind : {'\x11', '\x16', '\x18'}) {  // DATA, PING, OPEN of version 1
        const std::string bytes(size, kind);
        EXPECT_EQ(sendto(stranger, bytes.data(), size, 0, reinterpret_cast<const sockaddr*>(&to),
                         sizeof to),
                  static_cast<ssize_t>(size));
      }
  }
  const Ended ended = running.wait();
  EXPECT_EQ(ended.status, 0) << ended.err;
  char byte = 0;
  EXPECT_LT(recv(stranger, &byte, 1, MSG_DONTWAIT), 0);  // every node has ended by now
  close(stranger);
  const auto results = read_json(folder_.file("run") + "/results.json");
  EXPECT_EQ(results["requests"]["completed"], 10'000 * kNodes);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  EXPECT_GT(results["ltl"]["refused"]["stranger"], 0);
  EXPECT_LE(results["ltl"]["refused"]["stranger"], kNodes * 7 * 3);
  EXPECT_THAT(read_text(folder_.file("run") + "/summary.txt"), HasSubstr(" from strangers"));
}

TEST_F(Listen, WithoutAKeyNothingIsStarted) {
  if (!network_.good()) GTEST_SKIP() << kWhySkipped;
  const std::string file =
      folder_.write("cluster.yaml",
                    "name: listen\ntime: wall\nnodes: [{name: \"fpga[0-1]\", device: bw-s10}]\n"
                    "workload: {kind: ping, from: fpga0, to: fpga1, bytes: 64, count: 10}\n"
                    "wall: {listen: 198.18.79.1}\n");
  const Ended ended = run_soliton({"run", file, "--out", folder_.file("run")});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err,
              HasSubstr("cluster.yaml:5:16: wall.listen: 198.18.79.1 is beyond loopback, "
                        "which needs a key: add key_file"));
  EXPECT_FALSE(std::filesystem::exists(folder_.file("run")));
}

class Auth : public testing::TestWithParam<std::tuple<const char*, const char*>> {};

TEST_P(Auth, IsStampedOnTheRun) {
  const auto& [carrier, auth] = GetParam();
  const TemporaryFolder folder;
  const Ended ended = run_soliton({"run", "configs/ltl/all-gather-8.yaml", "--time", "wall",
                                   "--out", folder.file("run"), "--set", "workload.count=20",
                                   "--set", std::string("wall.carrier=") + carrier, "--set",
                                   std::string("ltl.auth=") + auth});
  ASSERT_EQ(ended.status, 0) << ended.err;
  const auto results = read_json(folder.file("run") + "/results.json");
  EXPECT_EQ(results["ltl"]["carrier"], carrier);
  EXPECT_EQ(results["ltl"]["auth"], auth);
  EXPECT_EQ(results["requests"]["completed"], 20 * 8);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  const bool is_open = std::string(carrier) == "udp" && std::string(auth) == "none";
  for (const std::string& text : {ended.out, read_text(folder.file("run") + "/report.html")})
    EXPECT_EQ(text.find("packets were not authenticated") != std::string::npos, is_open);
}

INSTANTIATE_TEST_SUITE_P(Modes, Auth,
                         testing::Combine(testing::Values("udp", "shm"),
                                          testing::Values("none", "header", "aead")));

}  // namespace
}  // namespace soliton
