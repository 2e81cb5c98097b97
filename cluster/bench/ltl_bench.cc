// Every ratio is taken between the smallest medians of the rounds (of streams, the largest rates),
// because what disturbs a turn on a shared machine only ever makes it slower. Goals:
// docs/benchmarks.md.
#include "cluster/bench/ltl_bench.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>

#include "cluster/bench/ltl_carriers.h"
#include "cluster/bench/ltl_core.h"
#include "cluster/bench/pair.h"
#include "cluster/bench/peer_program.h"
#include "cluster/bench/raw_transports.h"

namespace soliton {
namespace {

constexpr std::size_t kSmall = 64;
constexpr std::size_t kLarge = 4096;
constexpr double kCoreGoalNs = 50;

struct Entrant {
  std::string name;
  std::function<std::optional<PairFigures>(const PairOptions&)> run;
  PairOptions options;
  PairFigures best;  // smallest median, largest rate
  bool failed = false;
};

template <typename T>
bool is_made(const T& transport) {
  if constexpr (requires { transport.made(); })
    return transport.made();
  else
    return true;
}

template <typename Make>
auto round_trips(Make make) {
  return [make](const PairOptions& options) -> std::optional<PairFigures> {
    const auto transport = make(options.bytes);
    if (!is_made(*transport)) return std::nullopt;
    return run_pair(
        options, [&](PairPage& page) { measure_round_trips(*transport, options, page); },
        [&](PairPage& page) { serve_round_trips(*transport, page); });
  };
}

template <typename Make>
auto stream(Make make) {
  return [make](const PairOptions& options) -> std::optional<PairFigures> {
    const auto transport = make(options.bytes);
    if (!is_made(*transport)) return std::nullopt;
    return run_pair(
        options, [&](PairPage& page) { measure_stream(*transport, options, page); },
        [&](PairPage& page) { serve_stream(*transport, options, page); });
  };
}

auto udp(AuthMode auth, WaitMode wait) {
  return [=](std::size_t) { return std::make_unique<LtlOverUdp>(udp_ltl_options(auth), wait); };
}
auto shm(WaitMode wait) {
  return [=](std::size_t) { return std::make_unique<LtlOverShm>(shm_ltl_options(), wait); };
}
auto raw(SocketKind kind, bool spin) {
  return [=](std::size_t) { return std::make_unique<SocketTransport>(kind, spin); };
}
template <typename T>
auto plain() {
  return [](std::size_t) { return std::make_unique<T>(); };
}
auto ring() {
  return [](std::size_t bytes) { return std::make_unique<RingTransport>(bytes); };
}

class Bench {
 public:
  explicit Bench(const LtlBenchOptions& options)
      : options_(options),
        peers_(options.peers_folder + "/soliton_ltl_peers",
               {"zmq-tcp", "zmq-ipc", "enet", "ucx-posix"}),
        more_peers_(options.peers_folder + "/soliton_ltl_long_peers",
                    {"grpc-tcp", "grpc-unix", "nng-tcp", "nng-ipc", "libfabric-shm",
                     "libfabric-tcp", "capnp-unix"}) {
    add("flag", kSmall, round_trips(plain<FlagTransport>()));
    for (const std::size_t bytes : {kSmall, kLarge}) add_round_trips(bytes);
    for (const std::size_t bytes : {kSmall, kLarge}) add_streams(bytes);
  }

  BenchReport hold() {
    for (int round = 0; round < options_.rounds; ++round) {
      for (Entrant& entrant : entrants_) turn(entrant);
      for (Core& core : cores_) turn(core);
    }
    for (const std::size_t bytes : {kSmall, kLarge}) report_round_trips(bytes);
    for (const std::size_t bytes : {kSmall, kLarge}) report_streams(bytes);
    report_core();
    notes();
    return report_;
  }

 private:
  using Run = std::function<std::optional<PairFigures>(const PairOptions&)>;

  static std::string key(const std::string& name, std::size_t bytes) {
    return fmt::format("{} {}", name, bytes);
  }

  void add(const std::string& name, std::size_t bytes, Run run, bool pinned = true) {
    entrants_.push_back(
        {key(name, bytes), std::move(run), {bytes, options_.seconds_a_turn, pinned}, {}, false});
  }

  void add_peer(const std::string& name, const std::string& mode, std::size_t bytes,
                bool pinned = true) {
    add_peer(peers_, name, mode, bytes, pinned);
  }

  void add_peer(const PeerProgram& program, const std::string& name, const std::string& mode,
                std::size_t bytes, bool pinned) {
    if (!program.has(name)) return;
    add(
        mode + " " + name, bytes,
        [&program, name, mode](const PairOptions& o) { return program.run(name, mode, o); },
        pinned);
  }

  void add_round_trips(std::size_t bytes) {
    add("ring", bytes, round_trips(ring()));
    add("shm spin", bytes, round_trips(shm(WaitMode::kSpin)));
    add("raw udp spin", bytes, round_trips(raw(SocketKind::kUdp, true)));
    add("udp spin", bytes, round_trips(udp(AuthMode::kHeader, WaitMode::kSpin)));
    add("udp spin no auth", bytes, round_trips(udp(AuthMode::kNone, WaitMode::kSpin)));
    add("asio udp", bytes, round_trips(plain<AsioTransport>()));
    add("tcp spin", bytes, round_trips(raw(SocketKind::kTcp, true)));
    add("unix spin", bytes, round_trips(raw(SocketKind::kUnix, true)));
    add_peer("enet", "rtt", bytes);
    add_peer("ucx-posix", "rtt", bytes);
    add("raw udp block", bytes, round_trips(raw(SocketKind::kUdp, false)));
    add("udp block", bytes, round_trips(udp(AuthMode::kHeader, WaitMode::kBlock)));
    add_peer("zmq-tcp", "rtt", bytes, false);
    add_peer("zmq-ipc", "rtt", bytes, false);
    if (!options_.more_peers) return;
    for (const char* name : {"grpc-tcp", "grpc-unix", "nng-tcp", "nng-ipc"})
      add_peer(more_peers_, name, "rtt", bytes, false);
    for (const char* name : {"libfabric-shm", "libfabric-tcp", "capnp-unix"})
      add_peer(more_peers_, name, "rtt", bytes, true);
  }

  void add_streams(std::size_t bytes) {
    add("stream ring", bytes, stream(ring()));
    add("stream shm", bytes, stream(shm(WaitMode::kSpin)));
    add("stream udp", bytes, stream(udp(AuthMode::kHeader, WaitMode::kSpin)));
    add_peer("zmq-tcp", "stream", bytes, false);
    add_peer("zmq-ipc", "stream", bytes, false);
  }

  static void turn(Entrant& entrant) {
    const std::optional<PairFigures> figures = entrant.run(entrant.options);
    if (!figures || figures->wrong != 0) {
      entrant.failed = true;
      return;
    }
    PairFigures& best = entrant.best;
    if (figures->p50_ns > 0 && (best.p50_ns == 0 || figures->p50_ns < best.p50_ns))
      best.p50_ns = figures->p50_ns, best.p99_ns = figures->p99_ns;
    best.messages_per_second = std::max(best.messages_per_second, figures->messages_per_second);
    best.samples += figures->samples;
  }

  const Entrant* find(const std::string& name, std::size_t bytes) const {
    const auto found = std::find_if(entrants_.begin(), entrants_.end(), [&](const Entrant& e) {
      return e.name == key(name, bytes) && !e.failed;
    });
    return found == entrants_.end() ? nullptr : &*found;
  }

  // `ours` against `theirs`; `goal` is the least ratio, 1 / 1.08 where we may be slower by 8 %.
  void versus(const std::string& what, const std::string& ours, const std::string& peer,
              const std::string& theirs, std::size_t bytes, std::optional<double> goal) {
    const Entrant* mine = find(ours, bytes);
    const Entrant* other = find(theirs, bytes);
    if (!mine || !other) return;
    report_.rows.push_back({.name = fmt::format("{} B round trip, {}", bytes, what),
                            .ours = mine->best.p50_ns / 1e3,
                            .peer = peer,
                            .peer_value = other->best.p50_ns / 1e3,
                            .unit = "us",
                            .goal = goal});
  }

  void report_round_trips(std::size_t bytes) {
    const bool small = bytes == kSmall;
    if (small) {
      const Entrant* floor = find("flag", kSmall);
      const Entrant* bare = find("ring", kSmall);
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
    const Entrant* mine = find(ours, bytes);
    const Entrant* other = find(theirs, bytes);
    if (!mine || !other) return;
    const bool small = bytes == kSmall;
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
    const bool small = bytes == kSmall;
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
    const double ns = ltl_core_round_trip_ns(core.options, kSmall);
    if (core.best_ns == 0 || ns < core.best_ns) core.best_ns = ns;
  }

  void report_core() {
    for (const Core& core : cores_)
      report_.rows.push_back(
          {.name = fmt::format("{} B round trip, LTL's CPU, {}", kSmall, core.how),
           .ours = core.best_ns,
           .peer = "goal",
           .peer_value = kCoreGoalNs,
           .unit = "ns",
           .goal = 1});
  }

  void notes() {
    for (const Entrant& entrant : entrants_)
      if (entrant.failed) report_.notes.push_back(entrant.name + ": a turn failed, left out");
    for (const std::string& missing : peers_.missing())
      report_.notes.push_back(missing + " is not there: ./dev bench ltl installs and builds it");
    if (options_.more_peers)
      for (const std::string& missing : more_peers_.missing())
        report_.notes.push_back(missing +
                                " is not there: ./dev bench ltl --long installs and builds it");
    report_.notes.push_back(
        fmt::format("two processes, pinned to two cores but for {}; {} rounds of {} s in turns; "
                    "smallest medians, largest rates",
                    options_.more_peers ? "ZeroMQ, gRPC and nng" : "ZeroMQ", options_.rounds,
                    options_.seconds_a_turn));
  }

  LtlBenchOptions options_;
  PeerProgram peers_, more_peers_;
  std::vector<Entrant> entrants_;
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
