#include "cluster/bench/ltl_entrants.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "cluster/bench/ltl_carriers.h"
#include "cluster/bench/raw_transports.h"

namespace soliton {
namespace {

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

std::string key(const std::string& name, std::size_t bytes) {
  return fmt::format("{} {}", name, bytes);
}

void take_turn(LtlEntrant& entrant) {
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

}  // namespace

LtlEntrants::LtlEntrants(const LtlBenchOptions& options)
    : options_(options),
      peers_(options.peers_folder + "/soliton_ltl_peers",
             {"zmq-tcp", "zmq-ipc", "enet", "ucx-posix"}),
      more_peers_(options.peers_folder + "/soliton_ltl_long_peers",
                  {"grpc-tcp", "grpc-unix", "nng-tcp", "nng-ipc", "libfabric-shm", "libfabric-tcp",
                   "capnp-unix"}) {
  add("flag", kLtlSmall, round_trips(plain<FlagTransport>()));
  for (const std::size_t bytes : {kLtlSmall, kLtlLarge}) add_round_trips(bytes);
  for (const std::size_t bytes : {kLtlSmall, kLtlLarge}) add_streams(bytes);
}

void LtlEntrants::turn() {
  for (LtlEntrant& entrant : entrants_) take_turn(entrant);
}

const LtlEntrant* LtlEntrants::find(const std::string& name, std::size_t bytes) const {
  const auto found = std::ranges::find_if(entrants_, [&](const LtlEntrant& entrant) {
    return entrant.name == key(name, bytes) && !entrant.failed;
  });
  return found == entrants_.end() ? nullptr : &*found;
}

std::vector<std::string> LtlEntrants::notes() const {
  std::vector<std::string> out;
  for (const LtlEntrant& entrant : entrants_)
    if (entrant.failed) out.push_back(entrant.name + ": a turn failed, left out");
  for (const std::string& missing : peers_.missing())
    out.push_back(missing + " is not installed: ./dev bench ltl installs and builds it");
  if (options_.more_peers)
    for (const std::string& missing : more_peers_.missing())
      out.push_back(missing + " is not installed: ./dev bench ltl --long installs and builds it");
  return out;
}

void LtlEntrants::add(const std::string& name, std::size_t bytes, Run run, bool pinned) {
  entrants_.push_back(
      {key(name, bytes), std::move(run), {bytes, options_.seconds_a_turn, pinned}, {}, false});
}

void LtlEntrants::add_peer(const PeerProgram& program, const std::string& name,
                           const std::string& mode, std::size_t bytes, bool pinned) {
  if (!program.has(name)) return;
  add(
      mode + " " + name, bytes,
      [&program, name, mode](const PairOptions& o) { return program.run(name, mode, o); }, pinned);
}

void LtlEntrants::add_round_trips(std::size_t bytes) {
  add("ring", bytes, round_trips(ring()));
  add("shm spin", bytes, round_trips(shm(WaitMode::kSpin)));
  add("raw udp spin", bytes, round_trips(raw(SocketKind::kUdp, true)));
  add("udp spin", bytes, round_trips(udp(AuthMode::kHeader, WaitMode::kSpin)));
  add("udp spin no auth", bytes, round_trips(udp(AuthMode::kNone, WaitMode::kSpin)));
  add("asio udp", bytes, round_trips(plain<AsioTransport>()));
  add("tcp spin", bytes, round_trips(raw(SocketKind::kTcp, true)));
  add("unix spin", bytes, round_trips(raw(SocketKind::kUnix, true)));
  add_peer(peers_, "enet", "rtt", bytes);
  add_peer(peers_, "ucx-posix", "rtt", bytes);
  add("raw udp block", bytes, round_trips(raw(SocketKind::kUdp, false)));
  add("udp block", bytes, round_trips(udp(AuthMode::kHeader, WaitMode::kBlock)));
  add_peer(peers_, "zmq-tcp", "rtt", bytes, false);
  add_peer(peers_, "zmq-ipc", "rtt", bytes, false);
  if (!options_.more_peers) return;
  for (const char* name : {"grpc-tcp", "grpc-unix", "nng-tcp", "nng-ipc"})
    add_peer(more_peers_, name, "rtt", bytes, false);
  for (const char* name : {"libfabric-shm", "libfabric-tcp", "capnp-unix"})
    add_peer(more_peers_, name, "rtt", bytes, true);
}

void LtlEntrants::add_streams(std::size_t bytes) {
  add("stream ring", bytes, stream(ring()));
  add("stream shm", bytes, stream(shm(WaitMode::kSpin)));
  add("stream udp", bytes, stream(udp(AuthMode::kHeader, WaitMode::kSpin)));
  add_peer(peers_, "zmq-tcp", "stream", bytes, false);
  add_peer(peers_, "zmq-ipc", "stream", bytes, false);
}

}  // namespace soliton
