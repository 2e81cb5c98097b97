// What one LTL has counted so far, over all its connections.
#pragma once

#include <cstdint>

#include "protocol/base/histogram.h"

namespace soliton {

struct LtlStats {
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_delivered = 0;
  std::uint64_t packets_sent = 0;  // all kinds, resends included
  std::uint64_t bytes_sent = 0;    // LTL packets with their headers
  std::uint64_t retransmitted = 0;
  std::uint64_t needless = 0;  // of these: the earlier transmission had arrived
  std::uint64_t timeouts = 0;
  std::uint64_t tail_probes = 0;
  // Times a packet was ready and the window was full, on a path that is known to take more.
  std::uint64_t window_waits = 0;
  std::uint64_t nacks_sent = 0;
  std::uint64_t duplicates_received = 0;
  std::uint64_t dropped_malformed = 0;
  std::uint64_t dropped_checksum = 0;
  std::uint64_t dropped_stale = 0;
  std::uint64_t dropped_no_room = 0;      // behind a gap, and the store was full
  std::uint64_t dropped_unauthentic = 0;  // wrong tag, or no proof of the key
  std::uint64_t dropped_replayed = 0;
  std::uint64_t connections_opened = 0;
  std::uint64_t peers_suspected = 0;
  std::uint64_t peers_dead = 0;
  std::uint64_t marks_received = 0;  // packets with a congestion mark
  std::uint64_t notifications_sent = 0;
  std::uint64_t notifications_received = 0;
  DurationHistogram rtt;
  void merge(const LtlStats& other);
};

}  // namespace soliton
