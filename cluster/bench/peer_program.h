// The messaging libraries that LTL is compared with are in programs of their own, so that the tool
// links none of them: soliton_ltl_peers, and soliton_ltl_long_peers for `--long`, built on demand
// from tests/bench.
//   PROGRAM list                             a name a line
//   PROGRAM NAME rtt|stream BYTES SECONDS PINNED
//     prints: p50_ns p99_ns messages_per_second samples wrong
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cluster/bench/pair.h"

namespace soliton {

class PeerProgram {
 public:
  // `wanted` are the libraries to compare with; the program may have been built without some.
  PeerProgram(std::string program, std::vector<std::string> wanted);
  bool has(const std::string& name) const;
  // Wanted libraries that the program lacks.
  std::vector<std::string> missing() const;
  std::optional<PairFigures> run(const std::string& name, const std::string& mode,
                                 const PairOptions& options) const;

 private:
  std::string program_;
  std::vector<std::string> wanted_;
  std::vector<std::string> names_;
};

}  // namespace soliton
