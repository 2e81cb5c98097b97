#include "fabric/sim/network_counters.h"

#include <algorithm>

namespace soliton {

void NetworkCounters::add(const NetworkCounters& other) {
  packets += other.packets;
  bytes += other.bytes;
  delivered += other.delivered;
  dropped_queue += other.dropped_queue;
  dropped_buffer += other.dropped_buffer;
  dropped_fault += other.dropped_fault;
  duplicated += other.duplicated;
  marked += other.marked;
  queue_max = std::max(queue_max, other.queue_max);
  events += other.events;
  pauses += other.pauses;
  watchdogs += other.watchdogs;
  dropped_watchdog += other.dropped_watchdog;
}

}  // namespace soliton
