// Counters of one Ltl, summed over all its connections.
#pragma once

#include <cstdint>

#include "protocol/base/fields.h"
#include "protocol/base/histogram.h"

namespace soliton {

struct LtlStats {
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_delivered = 0;
  std::uint64_t packets_sent = 0;  // all kinds, resends included
  std::uint64_t bytes_sent = 0;    // LTL packets with their headers
  std::uint64_t retransmitted = 0;
  std::uint64_t needless = 0;  // of these, packets whose earlier transmission had arrived
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

// Counters that results.json has under `ltl`, and under `ltl.refused`.
inline constexpr Field kLtlCountRows[] = {
    field<&LtlStats::messages_sent>("messages", "Messages sent."),
    field<&LtlStats::packets_sent>("packets", "Packets sent, of all kinds, resends included."),
    field<&LtlStats::retransmitted>("retransmitted", "Packets sent again."),
    field<&LtlStats::needless>("needless",
                               "Of these, packets whose earlier transmission had arrived."),
    field<&LtlStats::timeouts>("timeouts",
                               "Times a packet was sent again without proof of a loss."),
    field<&LtlStats::nacks_sent>("nacks", "Reports of gaps sent by receivers."),
};
inline constexpr Field kLtlRefusedRows[] = {
    field<&LtlStats::dropped_stale>(
        "stale", "Packets for no open connection, or for another incarnation of one."),
    field<&LtlStats::dropped_unauthentic>(
        "forged", "Packets with a wrong tag or without a proof of the key."),
    field<&LtlStats::dropped_replayed>(
        "replayed", "Packets whose number was seen before, or is too old to tell."),
    field<&LtlStats::dropped_checksum>("checksum", "Packets with a wrong checksum."),
    field<&LtlStats::dropped_malformed>("malformed", "Packets that are not well-formed."),
};
// Counters that nodes report and results.json omits.
inline constexpr Field kLtlInnerRows[] = {
    field<&LtlStats::messages_delivered>("messages_delivered", "Messages handed on whole."),
    field<&LtlStats::bytes_sent>("bytes_sent", "Packets with their headers."),
    field<&LtlStats::tail_probes>("tail_probes",
                                  "PINGs that ask about packets of which nothing was heard."),
    field<&LtlStats::window_waits>(
        "window_waits", "Times a packet was ready and the window full, on a path that takes more."),
    field<&LtlStats::duplicates_received>("duplicates_received",
                                          "Packets that had arrived before."),
    field<&LtlStats::dropped_no_room>("dropped_no_room",
                                      "Packets behind a gap that found the store full."),
    field<&LtlStats::connections_opened>("connections_opened", "Connections opened on the wire."),
    field<&LtlStats::peers_suspected>("peers_suspected", "Times a peer left a PING unanswered."),
    field<&LtlStats::peers_dead>("peers_dead", "Peers declared dead."),
    field<&LtlStats::marks_received>("marks_received", "Packets with a congestion mark."),
    field<&LtlStats::notifications_sent>("notifications_sent", "Notifications of congestion sent."),
    field<&LtlStats::notifications_received>("notifications_received",
                                             "Notifications of congestion received."),
};
inline constexpr FieldTable kLtlCountFields = fields_of<LtlStats>("ltl", kLtlCountRows);
inline constexpr FieldTable kLtlRefusedFields = fields_of<LtlStats>("refused", kLtlRefusedRows);
inline constexpr auto kLtlStatsRows = joined(kLtlCountRows, kLtlRefusedRows, kLtlInnerRows);
inline constexpr FieldTable kLtlStatsFields = fields_of<LtlStats>("ltl", kLtlStatsRows);

}  // namespace soliton
