// The entrants of `soliton bench ltl`: LTL over its carriers, the limits of this machine (a flag, a
// ring, raw sockets) and other messaging libraries. They take turns, so that a temporary
// disturbance of the machine affects all of them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cluster/bench/ltl_bench.h"
#include "cluster/bench/pair.h"
#include "cluster/bench/peer_program.h"

namespace soliton {

inline constexpr std::size_t kLtlSmall = 64;
inline constexpr std::size_t kLtlLarge = 4096;

struct LtlEntrant {
  std::string name;
  std::function<std::optional<PairFigures>(const PairOptions&)> run;
  PairOptions options;
  PairFigures best;  // smallest median, largest rate
  bool failed = false;
};

class LtlEntrants {
 public:
  explicit LtlEntrants(const LtlBenchOptions& options);
  LtlEntrants(const LtlEntrants&) = delete;
  LtlEntrants& operator=(const LtlEntrants&) = delete;

  // Runs one turn of each.
  void turn();
  // nullptr if there is no such entrant, or one of its turns failed.
  const LtlEntrant* find(const std::string& name, std::size_t bytes) const;
  // Entrants that failed, and libraries that are not installed.
  std::vector<std::string> notes() const;

 private:
  using Run = std::function<std::optional<PairFigures>(const PairOptions&)>;

  void add(const std::string& name, std::size_t bytes, Run run, bool pinned = true);
  void add_peer(const PeerProgram& program, const std::string& name, const std::string& mode,
                std::size_t bytes, bool pinned = true);
  void add_round_trips(std::size_t bytes);
  void add_streams(std::size_t bytes);

  LtlBenchOptions options_;
  PeerProgram peers_, more_peers_;
  std::vector<LtlEntrant> entrants_;
};

}  // namespace soliton
