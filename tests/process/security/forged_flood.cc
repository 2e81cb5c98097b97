// What a flood of forged packets costs a run: goodput of a stream while they are thrown at its receiver,
// over that while the same flood goes to a socket of somebody else, since throwing alone takes half a
// processor. Root only, who may forge a sender.
//
//   bench_forged_flood [ROUNDS [PACKETS_PER_SECOND]]      3 and 100,000
#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "tests/process/cluster/program.h"
#include "tests/process/security/udp_flood.h"

namespace soliton {
namespace {

constexpr const char* kCluster =
    "name: flooded\ntime: wall\nnodes: [{name: \"fpga[0-1]\", device: bw-s10}]\n"
    "workload: {kind: stream, from: fpga0, to: fpga1, bytes: 64 KiB, count: 10000}\n"
    "trace: {requests: 0}\n";

std::uint16_t wait_for_port(const Running& running, const std::string& log) {
  while (process_exists(running.pid())) {
    if (const std::uint16_t port = port_of_log(read_text(log)); port != 0) return port;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return 0;
}

// A socket that nobody reads.
struct Somebody {
  int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  std::uint16_t port = 0;
  Somebody() {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (bind(socket, reinterpret_cast<const sockaddr*>(&at), size) == 0 &&
        getsockname(socket, reinterpret_cast<sockaddr*>(&at), &size) == 0)
      port = ntohs(at.sin_port);
  }
  ~Somebody() { close(socket); }
};

struct Measured {
  double gbps = 0;
  double thrown_per_second = 0;
  std::uint64_t refused = 0, dropped = 0, resent = 0;
};

Measured measure(bool at_the_run, double per_second) {
  const TemporaryFolder folder;
  const Somebody somebody;
  const std::string run = folder.file("run");
  Running running({"run", folder.write("cluster.yaml", kCluster), "--quiet", "--out", run});
  const std::uint16_t sender = wait_for_port(running, run + "/log/fpga0.log");
  const std::uint16_t receiver = wait_for_port(running, run + "/log/fpga1.log");
  const Thrower thrower(at_the_run ? receiver : somebody.port, sender);
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t thrown = 0;
  Ended ended;
  {
    const Flood flood(thrower, guessed_data_packet(), per_second);
    ended = running.wait();
    thrown = flood.sent();
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (ended.status != 0) fmt::print("status {}: {}", ended.status, ended.err);
  const auto results = read_json(run + "/results.json");
  return {results["traffic"]["goodput_gbps"].get<double>(), static_cast<double>(thrown) / seconds,
          results["ltl"]["refused"]["stale"].get<std::uint64_t>(),
          results["fabric"]["host_drops"].get<std::uint64_t>(),
          results["ltl"]["retransmitted"].get<std::uint64_t>()};
}

void say(const char* where, const Measured& m) {
  fmt::print(
      "flood {:15} {:5.2f} Gb/s   {:.0f} packets/s, {} refused; {} lost at full buffers, {} sent "
      "again\n",
      where, m.gbps, m.thrown_per_second, m.refused, m.dropped, m.resent);
}

int flood_main(int rounds, double per_second) {
  if (!Thrower(1, std::uint16_t{1}).good()) {
    fmt::print("only root may forge the sender of a packet\n");
    return 7;
  }
  std::vector<double> shares;
  for (int round = 0; round < rounds; ++round) {
    const Measured elsewhere = measure(false, per_second);
    const Measured here = measure(true, per_second);
    shares.push_back(here.gbps / elsewhere.gbps);
    say("elsewhere", elsewhere);
    say("at the receiver", here);
    fmt::print("{:.0f} %\n", 100 * shares.back());
  }
  std::ranges::sort(shares);
  fmt::print("median {:.0f} % of the goodput\n", 100 * shares[shares.size() / 2]);
  return 0;
}

}  // namespace
}  // namespace soliton

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 3;
  const double per_second = argc > 2 ? std::atof(argv[2]) : 100'000;
  return soliton::flood_main(rounds, per_second);
}
