// The common part of the programs that run messaging libraries under the loops of `soliton bench
// ltl` (cluster/bench/peer_program.h describes how they are called). They contain the libraries
// that were installed when they were built.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "cluster/bench/pair.h"

namespace soliton {

[[noreturn]] inline void give_up(const char* what) {
  std::fprintf(stderr, "peer of bench ltl: %s\n", what);
  _exit(1);
}

// Equal in both processes if called before the fork.
inline int port_of_this_turn() { return 20'000 + getpid() % 20'000; }

// Fills the stream's part for a library that takes and gives one message at a time and waits by
// itself when it is full.
template <typename Derived>
class OneByOne {
 public:
  std::size_t send_some(std::span<const std::byte> message, std::size_t want) {
    for (std::size_t i = 0; i < want; ++i) self().send(message);
    return want;
  }
  std::size_t receive_some(std::size_t size) {
    wrong_ += self().receive().size() != size;
    return 1;
  }
  void settle() {}
  std::uint64_t wrong() const { return wrong_; }

 private:
  Derived& self() { return static_cast<Derived&>(*this); }
  std::uint64_t wrong_ = 0;
};

using PeerRun = std::function<std::optional<PairFigures>(const PairOptions&, bool streams)>;

template <typename Make>
PeerRun runner(Make make) {
  return [make](const PairOptions& options, bool streams) {
    const auto peer = make();
    return run_pair(
        options,
        [&](PairPage& page) {
          streams ? measure_stream(*peer, options, page)
                  : measure_round_trips(*peer, options, page);
        },
        [&](PairPage& page) {
          streams ? serve_stream(*peer, options, page) : serve_round_trips(*peer, page);
        });
  };
}

using Peers = std::map<std::string, PeerRun>;

inline int peers_main(int argc, char** argv, const Peers& all) {
  if (argc == 2 && std::string(argv[1]) == "list") {
    for (const auto& [name, unused] : all) std::printf("%s\n", name.c_str());
    return 0;
  }
  const auto found = argc == 6 ? all.find(argv[1]) : all.end();
  if (found == all.end()) {
    std::fprintf(stderr, "usage: %s list | NAME rtt|stream BYTES SECONDS PINNED\n", argv[0]);
    return 2;
  }
  const PairOptions options{std::strtoul(argv[3], nullptr, 10), std::strtod(argv[4], nullptr),
                            std::string(argv[5]) == "1"};
  const auto figures = found->second(options, std::string(argv[2]) == "stream");
  if (!figures) return 1;
  std::printf("%f %f %f %llu %llu\n", figures->p50_ns, figures->p99_ns,
              figures->messages_per_second, static_cast<unsigned long long>(figures->samples),
              static_cast<unsigned long long>(figures->wrong));
  return 0;
}

}  // namespace soliton
