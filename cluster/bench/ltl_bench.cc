// Every ratio is taken between the smallest medians of the rounds (of streams, the largest rates),
// because what disturbs a turn on a shared machine only ever makes it slower. Goals:
// docs/benchmarks.md.
#include "cluster/bench/ltl_bench.h"

#include <fmt/format.h>
#include <sched.h>

#include <array>

#include "cluster/bench/ltl_carriers.h"
#include "cluster/bench/ltl_core.h"
#include "cluster/bench/ltl_entrants.h"

namespace soliton {
namespace {

constexpr double kCoreGoalNs = 50;

class Bench {
 public:
  explicit Bench(const LtlBenchOptions& options) : options_(options), entrants_(options) {}

  BenchReport hold() {
    for (int round = 0; round < options_.rounds; ++round) {
      entrants_.turn();
      for (Core& core : cores_) turn(core);
    }
    for (const std::size_t bytes : {kLtlSmall, kLtlLarge}) report_round_trips(bytes);
    for (const std::size_t bytes : {kLtlSmall, kLtlLarge}) report_streams(bytes);
    report_core();
    notes();
    return report_;
  }

 private:
  // `ours` against `theirs`; `goal` is the least ratio, 1 / 1.08 where we may be slower by 8 %.
  void versus(const std::string& what, const std::string& ours, const std::string& peer,
              const std::string& theirs, std::size_t bytes, std::optional<double> goal) {
    const LtlEntrant* mine = entrants_.find(ours, bytes);
    const LtlEntrant* other = entrants_.find(theirs, bytes);
    if (!mine || !other) return;
    report_.rows.push_back({.name = fmt::format("{} B round trip, {}", bytes, what),
                            .ours = mine->best.p50_ns / 1e3,
                            .peer = peer,
                            .peer_value = other->best.p50_ns / 1e3,
                            .unit = "us",
                            .goal = goal});
  }

  void report_round_trips(std::size_t bytes) {
    const bool small = bytes == kLtlSmall;
    if (small) {
      const LtlEntrant* floor = entrants_.find("flag", kLtlSmall);
      const LtlEntrant* bare = entrants_.find("ring", kLtlSmall);
      if (floor && bare)
        report_.rows.push_back({.name = "64 B round trip, bare ring",
                                .ours = bare->best.p50_ns / 1e3,
                                .peer = "one flag bounced",
                                .peer_value = floor->best.p50_ns / 1e3,
                                .unit = "us",
                                .goal = std::nullopt});
    }
    versus("shm spin", "shm spin", "bare ring, spin", "ring", bytes, 1 / 1.2);
    versus("udp spin", "udp spin", "raw udp, spin", "raw udp spin", bytes,
           small ? 1 / 1.08 : 1 / 1.15);
    versus("udp spin, no auth", "udp spin no auth", "raw udp, spin", "raw udp spin", bytes,
           small ? std::optional(1 / 1.05) : std::nullopt);
    versus("udp block", "udp block", "raw udp, block", "raw udp block", bytes,
           small ? std::optional(1 / 1.05) : std::nullopt);
    const auto wanted = [&](double goal) { return small ? std::optional(goal) : std::nullopt; };
    versus("shm spin", "shm spin", "UCX posix, spin", "rtt ucx-posix", bytes, wanted(3.5));
    versus("udp spin", "udp spin", "ENet, spin", "rtt enet", bytes, wanted(2.3));
    versus("udp spin", "udp spin", "Asio async udp, polled", "asio udp", bytes, std::nullopt);
    versus("udp spin", "udp spin", "TCP_NODELAY, spin", "tcp spin", bytes, std::nullopt);
    versus("udp spin", "udp spin", "Unix seqpacket, spin", "unix spin", bytes, std::nullopt);
    versus("udp spin", "udp spin", "ZeroMQ tcp, its threads block", "rtt zmq-tcp", bytes,
           wanted(5));
    versus("shm spin", "shm spin", "ZeroMQ ipc, its threads block", "rtt zmq-ipc", bytes,
           wanted(5));
    versus("udp block", "udp block", "ZeroMQ tcp, its threads block", "rtt zmq-tcp", bytes,
           std::nullopt);
    report_more_peers(bytes, wanted(5));
  }

  void report_more_peers(std::size_t bytes, std::optional<double> goal_of_grpc) {
    const auto row = [&](const std::string& ours, const std::string& peer,
                         const std::string& theirs, std::optional<double> goal = std::nullopt) {
      versus(ours, ours, peer, "rtt " + theirs, bytes, goal);
    };
    row("udp spin", "gRPC unary over TCP, its threads block", "grpc-tcp", goal_of_grpc);
    row("udp block", "gRPC unary over TCP, its threads block", "grpc-tcp");
    row("shm spin", "gRPC unary over a Unix socket, its threads block", "grpc-unix", goal_of_grpc);
    row("udp spin", "nng tcp, its threads block", "nng-tcp");
    row("shm spin", "nng ipc, its threads block", "nng-ipc");
    row("shm spin", "libfabric shm, polled", "libfabric-shm");
    row("udp spin", "libfabric tcp;ofi_rxm, polled", "libfabric-tcp");
    row("udp block", "Cap'n Proto RPC over a Unix socket, blocks", "capnp-unix");
  }

  void stream_row(const std::string& ours, const std::string& peer, const std::string& theirs,
                  std::size_t bytes, std::optional<double> goal) {
    const LtlEntrant* mine = entrants_.find(ours, bytes);
    const LtlEntrant* other = entrants_.find(theirs, bytes);
    if (!mine || !other) return;
    const bool small = bytes == kLtlSmall;
    const double scale = small ? 1e-6 : static_cast<double>(bytes) * 1e-9;
    report_.rows.push_back({.name = fmt::format("{} B {}", bytes, ours),
                            .ours = mine->best.messages_per_second * scale,
                            .peer = peer,
                            .peer_value = other->best.messages_per_second * scale,
                            .unit = small ? "M/s" : "GB/s",
                            .higher_is_better = true,
                            .goal = goal});
  }

  void report_streams(std::size_t bytes) {
    const bool small = bytes == kLtlSmall;
    stream_row("stream shm", "bare ring", "stream ring", bytes,
               small ? std::nullopt : std::optional(0.6));
    stream_row("stream udp", "ZeroMQ tcp", "stream zmq-tcp", bytes, small ? 1.2 : 6);
    stream_row("stream shm", "ZeroMQ ipc", "stream zmq-ipc", bytes, 3);
  }

  // LTL alone, on one core.
  struct Core {
    const char* how;
    LtlOptions options;
    double best_ns = 0;
  };

  void turn(Core& core) {
    const double ns = ltl_core_round_trip_ns(core.options, kLtlSmall);
    if (core.best_ns == 0 || ns < core.best_ns) core.best_ns = ns;
  }

  void report_core() {
    for (const Core& core : cores_)
      report_.rows.push_back(
          {.name = fmt::format("{} B round trip, LTL's CPU, {}", kLtlSmall, core.how),
           .ours = core.best_ns,
           .peer = "goal",
           .peer_value = kCoreGoalNs,
           .unit = "ns",
           .goal = 1});
  }

  void notes() {
    report_.notes = entrants_.notes();
    report_.notes.push_back(
        fmt::format("two processes, pinned to two cores but for {}; {} rounds of {} s in turns; "
                    "smallest medians, largest rates",
                    options_.more_peers ? "ZeroMQ, gRPC and nng" : "ZeroMQ", options_.rounds,
                    options_.seconds_a_turn));
  }

  LtlBenchOptions options_;
  LtlEntrants entrants_;
  std::array<Core, 2> cores_{
      {{"as over shm", shm_ltl_options()}, {"with checksum", udp_ltl_options(AuthMode::kNone)}}};
  BenchReport report_;
};

}  // namespace

Result<BenchReport> bench_ltl(const LtlBenchOptions& options) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) < 2)
    return failure(ErrorCode::kEnvironment,
                   "bench ltl: two processes spin against each other, and there are not two cores");
  return Bench(options).hold();
}

}  // namespace soliton
