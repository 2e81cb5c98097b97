// Bytes of others at the ports of a running cluster are counted under their cause, and do nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "tests/process/cluster/program.h"
#include "tests/process/security/udp_flood.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

constexpr const char* kWhySkipped = "only root may forge the sender of a packet";

// A cluster in wall time that runs until it is told to end.
class Strangers : public testing::Test {
 protected:
  // Everyone sends to everyone, so that no socket is connected to an only peer.
  void start(int nodes, const std::string& auth = "header") {
    const std::string last = std::to_string(nodes - 1);
    const std::string file = folder_.write(
        "cluster.yaml",
        "name: strangers\ntime: wall\nnodes: [{name: \"fpga[0-" + last +
            "]\", device: bw-s10}]\nworkload: {kind: all-gather, nodes: \"fpga[0-" + last +
            "]\", bytes: 3 kB, schedule: direct, count: 1000000}\nltl: {auth: " + auth + "}\n");
    ports_.clear();
    running_.emplace(
        std::vector<std::string>{"run", file, "--quiet", "--out", folder_.file("run")});
    nodes_ = running_->wait_for_nodes(static_cast<std::size_t>(nodes));
    ASSERT_EQ(nodes_.size(), static_cast<std::size_t>(nodes));
    for (int i = 0; i < nodes; ++i) ports_.push_back(wait_for_port(i));
    // Answers show that the peers' addresses are set.
    while (read_text(folder_.file("run") + "/requests.csv").size() < 500 &&
           process_exists(running_->pid()))
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  // A packet that still lies in a node's socket when the run ends is counted by nobody.
  void wait_until_read(std::uint16_t port) {
    while (process_exists(running_->pid()) && unread_bytes(port) > 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  nlohmann::json end() {
    wait_until_read(ports_[0]);
    ::kill(running_->pid(), SIGINT);
    EXPECT_EQ(running_->wait().status, 130);
    return read_json(folder_.file("run") + "/results.json");
  }

  long private_kib(int node) const {
    const std::string status = read_text(
        "/proc/" + std::to_string(nodes_[static_cast<std::size_t>(node)].second) + "/status");
    const std::size_t at = status.find("VmData:");
    return at == std::string::npos ? 0 : std::stol(status.substr(at + 7));
  }

  std::uint16_t wait_for_port(int node) {
    const std::string log = folder_.file("run") + "/log/fpga" + std::to_string(node) + ".log";
    while (process_exists(running_->pid())) {
      if (const std::uint16_t port = port_of_log(read_text(log)); port != 0) return port;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return 0;
  }

  TemporaryFolder folder_;
  std::optional<Running> running_;
  std::vector<std::pair<std::string, pid_t>> nodes_;
  std::vector<std::uint16_t> ports_;
};

// Sums that are read with care: what found a full buffer is among the host's drops.
void expect_counted(const nlohmann::json& results, const char* cause, std::uint64_t sent) {
  const std::uint64_t counted = results["ltl"]["refused"][cause];
  EXPECT_LE(counted, sent) << cause;
  EXPECT_GE(counted + results["fabric"]["host_drops"].get<std::uint64_t>(), sent) << cause;
}

TEST_F(Strangers, AreCountedAndGetNoAnswerAndNoMemory) {
  start(3);
  const long before = private_kib(0);
  const Thrower stranger(ports_[0], std::nullopt);
  std::uint64_t sent = 0;
  for (const std::size_t size : {0U, 1U, 31U, 32U, 200U, 1'400U, 60'000U})
    sent += stranger.send(PacketBytes(size, std::byte{0x18}), 20);
  for (int i = 0; i < 50; ++i) {
    sent += stranger.send(guessed_data_packet(), 200);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  // Pools grow with what peers send; nothing of a stranger is kept.
  EXPECT_LE(private_kib(0), before + 1024);
  const nlohmann::json results = end();
  EXPECT_FALSE(stranger.answered());
  expect_counted(results, "stranger", sent);
  EXPECT_GT(results["ltl"]["refused"]["stranger"], 0);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  for (const char* cause : {"stale", "forged", "replayed", "checksum", "malformed"})
    EXPECT_EQ(results["ltl"]["refused"][cause], 0) << cause;
  EXPECT_THAT(read_text(folder_.file("run") + "/summary.txt"), HasSubstr(" from strangers"));
  EXPECT_THAT(read_text(folder_.file("run") + "/report.html"), HasSubstr("from strangers"));
}

TEST_F(Strangers, WhoForgeAPeersAddressAreCountedByCause) {
  start(3);
  const Thrower forger(ports_[0], ports_[1]);
  if (!forger.good()) GTEST_SKIP() << kWhySkipped;
  const std::uint64_t noise = forger.send(PacketBytes(100, std::byte{0xff}), 300);
  const std::uint64_t guesses = forger.send(guessed_data_packet(), 300);
  const nlohmann::json results = end();
  EXPECT_EQ(results["ltl"]["refused"]["stranger"], 0);
  EXPECT_EQ(results["ltl"]["refused"]["forged"], 0);
  expect_counted(results, "malformed", noise);
  expect_counted(results, "stale", guesses);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  EXPECT_GT(results["requests"]["completed"], 0);
}

// Who reads packets on their way knows all but the key: what is sent again is a replay, what is changed
// a forgery.
TEST_F(Strangers, OnTheWayCanNeitherForgeNorReplay) {
  for (const char* auth : {"header", "aead"}) {
    SCOPED_TRACE(auth);
    start(3, auth);
    const Thrower forger(ports_[0], ports_[1]);
    const std::optional<PacketBytes> seen = packet_on_the_way(ports_[1], ports_[0]);
    if (!forger.good() || !seen) GTEST_SKIP() << kWhySkipped;
    // The original was taken long before: it is one of those that were seen, or too old to tell.
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const std::uint64_t replays = forger.send(*seen, 200);
    PacketBytes changed = *seen;
    changed[kLtlHeaderSize + 3] ^= std::byte{1};  // another number, not seen before
    const std::uint64_t forgeries = forger.send(changed, 200);
    const nlohmann::json results = end();
    expect_counted(results, "replayed", replays);
    expect_counted(results, "forged", forgeries);
    EXPECT_GT(results["ltl"]["refused"]["forged"], 0);
    EXPECT_EQ(results["outputs"]["mismatched"], 0);
  }
}

// A socket with one peer is connected: the kernel drops the others' packets and does not say how many.
TEST_F(Strangers, OfAConnectedSocketAreUnknownAndNotNone) {
  start(2);
  const Thrower stranger(ports_[0], std::nullopt);
  EXPECT_GT(stranger.send(guessed_data_packet(), 100), 0U);
  const nlohmann::json results = end();
  EXPECT_FALSE(stranger.answered());
  EXPECT_TRUE(results["ltl"]["refused"]["stranger"].is_null());
  EXPECT_EQ(results["ltl"]["refused"]["stale"], 0);
}

// A flood of forgeries costs time, not answers: outputs are those of any run.
TEST_F(Strangers, AFloodOfForgeriesDoesNotStopARun) {
  start(3);
  const Thrower forger(ports_[0], ports_[1]);
  if (!forger.good()) GTEST_SKIP() << kWhySkipped;
  const auto answers = [this] { return read_text(folder_.file("run") + "/requests.csv").size(); };
  const long memory = private_kib(0);
  {
    const Flood flood(forger, guessed_data_packet(), 100'000);
    const std::size_t before = answers();
    const auto goes_on = [&] { return answers() > before && flood.sent() > 20'000; };
    // Rows are written once a second.
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!goes_on() && std::chrono::steady_clock::now() < limit)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_TRUE(goes_on());
  }
  EXPECT_LE(private_kib(0), memory + 1024);
  const nlohmann::json results = end();
  EXPECT_GT(results["ltl"]["refused"]["stale"], 0);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
}

}  // namespace
}  // namespace soliton
