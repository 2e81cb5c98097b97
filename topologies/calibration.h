// The delays of the shipped topologies: the only constants that make a round trip take what was
// published.
//
// Target: mean round trip of an LTL message with 64 bytes of payload in an idle network (Caulfield
// et al., "A Cloud-Scale Acceleration Architecture", MICRO 2016, figure 10): 2.88 us under one
// top-of-rack switch (L0), 7.72 us between racks of one pod (L1), 18.71 us between pods (L2). The
// publication gives sums only. They are divided as below; lengths of cable follow from 5 ns a
// metre, what is left over is charged to the switches of the level. One way, in nanoseconds:
//
//   both host links          2 x 553.8  LTL engine, MAC, transceiver and 3 m of cable at each end
//   line                          32.4  32 B header + 64 B payload + 66 B frame overhead at 40
//   Gb/s, once: cut-through top-of-rack switch             300
//                             = 1440.0  L0: 2.880 us there and back
//   second top-of-rack switch      300
//   aggregation switch            1000
//   cables rack - aggregation   2 x 560  100 m and transceivers
//                             = 3860.0  L1: 7.720 us
//   second aggregation switch     1000
//   cables rack - aggregation         -  (the same two: one in each pod)
//   spine switch                  1495
//   cables aggregation - spine 2 x 1500  300 m
//                             = 9355.0  L2: 18.710 us
#pragma once

#include <cstdint>

#include "protocol/base/quantity.h"
#include "protocol/base/time.h"

namespace soliton {

inline constexpr Duration kHostLinkLatency = picoseconds(553'800);
inline constexpr Duration kRackForwarding = nanoseconds(300);
inline constexpr Duration kAggregationLinkLatency = nanoseconds(560);
inline constexpr Duration kAggregationForwarding = nanoseconds(1000);
inline constexpr Duration kSpineLinkLatency = nanoseconds(1500);
inline constexpr Duration kSpineForwarding = nanoseconds(1495);

// A pod's racks hang under a pair of aggregation switches; each of the two has a spine of its own.
inline constexpr std::uint32_t kPlanes = 2;

// Kind `local`: so fast that a packet takes a picosecond or a few.
inline constexpr BitRate kLocalRate{1'000'000'000'000'000};

}  // namespace soliton
