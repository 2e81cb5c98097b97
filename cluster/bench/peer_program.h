// The messaging libraries that LTL is compared with live in a program of their own, so that the
// tool links none of them: soliton_ltl_peers, built on demand from tests/bench.
//   soliton_ltl_peers list                             a name a line
//   soliton_ltl_peers NAME rtt|stream BYTES SECONDS PINNED
//     prints: p50_ns p99_ns messages_per_second samples wrong
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cluster/bench/pair.h"

namespace soliton {

class PeerProgram {
 public:
  explicit PeerProgram(const std::string& folder);
  bool has(const std::string& name) const;
  // Of the peers the bench wants, those that were not built.
  std::vector<std::string> missing() const;
  std::optional<PairFigures> run(const std::string& name, const std::string& mode,
                                 const PairOptions& options) const;

 private:
  std::string program_;
  std::vector<std::string> names_;
};

}  // namespace soliton
