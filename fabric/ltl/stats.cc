#include "fabric/ltl/stats.h"

namespace soliton {

void LtlStats::merge(const LtlStats& other) {
  messages_sent += other.messages_sent;
  messages_delivered += other.messages_delivered;
  packets_sent += other.packets_sent;
  bytes_sent += other.bytes_sent;
  retransmitted += other.retransmitted;
  needless += other.needless;
  timeouts += other.timeouts;
  tail_probes += other.tail_probes;
  window_waits += other.window_waits;
  nacks_sent += other.nacks_sent;
  duplicates_received += other.duplicates_received;
  dropped_malformed += other.dropped_malformed;
  dropped_checksum += other.dropped_checksum;
  dropped_stale += other.dropped_stale;
  dropped_no_room += other.dropped_no_room;
  dropped_unauthentic += other.dropped_unauthentic;
  dropped_replayed += other.dropped_replayed;
  connections_opened += other.connections_opened;
  peers_suspected += other.peers_suspected;
  peers_dead += other.peers_dead;
  marks_received += other.marks_received;
  notifications_sent += other.notifications_sent;
  notifications_received += other.notifications_received;
  rtt.merge(other.rtt);
}

}  // namespace soliton
