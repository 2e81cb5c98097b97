// The delays of the shipped topologies: the only constants that make a round trip take what was
// published.
//
// Target: mean round trip of an LTL message with 64 bytes of payload in an idle network (Caulfield
// et al., "A Cloud-Scale Acceleration Architecture", MICRO 2016, figure 10): 2.88 us under one
// top-of-rack switch (L0), 7.72 us between racks of one pod (L1), 18.71 us between pods (L2).
//
// The publication gives sums only. They are divided as below. Lengths of cable follow from 5 ns a
// metre; what is left over is charged to the switches of the level. One way, in nanoseconds:
//
//   both host links               2 x 553.8   LTL engine, MAC, transceiver and 3 m of cable each
//   line, once: cut-through            32.4   32 B header + 64 B payload + 66 B frame at 40 Gb/s
//   top-of-rack switch                300
//                                  = 1440.0   L0: 2.880 us there and back
//   second top-of-rack switch         300
//   aggregation switch               1000
//   cables rack - aggregation     2 x 560     100 m and transceivers
//                                  = 3860.0   L1: 7.720 us
//   second aggregation switch        1000
//   cables rack - aggregation           -     the same two, one in each pod
//   spine switch                     1495
//   cables aggregation - spine   2 x 1500     300 m
//                                  = 9355.0   L2: 18.710 us
//
// The published 99.9th percentiles are above the means, by 0.52 us between racks (8.24) and 3.67 us
// between pods (22.38, the longest 23.5), because that network had other users. Here these are
// bursts on the four ports of a level that a round trip crosses. A packet that meets a burst whose
// length is uniform in [0, L] finds its rest above x with probability (1 - x/L)^2, as longer bursts
// are met more often. So the share b of time that a port is busy follows from
// 4 b (1 - x/L)^2 = 1/1000:
//
//   rack - aggregation     L = 0.7 us   x = 0.52   b = 0.38 %
//   aggregation - spine    L = 4.8 us   x = 3.67   b = 0.45 %
//
// Means grow by b L / 3 per port: 0.0035 and 0.029 us a round trip.
#pragma once

#include <cstdint>

#include "protocol/base/quantity.h"
#include "protocol/base/time.h"
#include "topologies/topology.h"

namespace soliton {

inline constexpr Duration kHostLinkLatency = picoseconds(553'800);
inline constexpr Duration kRackForwarding = nanoseconds(300);
inline constexpr Duration kAggregationLinkLatency = nanoseconds(560);
inline constexpr Duration kAggregationForwarding = nanoseconds(1000);
inline constexpr Duration kSpineLinkLatency = nanoseconds(1500);
inline constexpr Duration kSpineForwarding = nanoseconds(1495);
inline const OtherTraffic kAggregationOthers{Probability{3'800'000}, nanoseconds(700)};
inline const OtherTraffic kSpineOthers{Probability{4'500'000}, nanoseconds(4'800)};

// A pod's racks hang under a pair of aggregation switches; each of the two has a spine of its own.
inline constexpr std::uint32_t kPlanes = 2;

// Kind `local`: so fast that a packet takes a picosecond or a few.
inline constexpr BitRate kLocalRate{1'000'000'000'000'000};

}  // namespace soliton
