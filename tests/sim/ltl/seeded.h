// A world generated from a seed: a cable with every fault, options, and traffic both ways.
#pragma once

#include <cstdint>

#include "tests/sim/ltl/two_nodes.h"

namespace soliton {

inline constexpr std::uint64_t kMessagesEachWay = 30;

template <typename T, std::size_t n>
T pick(const Random& r, std::uint64_t ordinal, const T (&choices)[n]) {
  return choices[r.below(ordinal, n)];
}

Cable cable_of(const Random& r);
LtlOptions options_of(const Random& r);

struct SeededTraffic {
  std::uint64_t sizes[2][kMessagesEachWay];
  std::uint64_t bytes() const;
};

// Bursts and lone messages, both ways at once.
SeededTraffic plan(TwoNodes& net, const Random& r, std::uint64_t seed, std::uint32_t mtu,
                   bool ghost);
// Checks that each message arrived once, in order, with its bytes.
void expect_all_delivered(const TwoNodes& net, const SeededTraffic& t, std::uint64_t seed);

// How long a run may take: at worst (a window of one packet, 30 % loss each way) every packet waits
// for a timeout in turn, and occasionally several times, doubled, for the same packet.
Duration bound(const LtlOptions& o, std::uint64_t packets);
// What a cut adds: its length, and the timeout that had doubled meanwhile.
Duration bound_of_cut(const Cable& cable);

}  // namespace soliton
