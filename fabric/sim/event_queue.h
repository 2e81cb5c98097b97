// The future events of an emulated network, in an order that does not depend on the order in which
// they were added.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <tuple>
#include <vector>

#include "protocol/base/check.h"
#include "protocol/base/time.h"

namespace soliton {

struct NetworkEvent {
  // In this order at one instant: a pause frame arrives; the line of a port that has a queue is
  // free, or may be used; a packet comes to a switch's output port, or would have come there and
  // was lost on the line. The first two with pauses only.
  enum class What : std::uint8_t { kSignal, kLine, kPacket };

  Instant at{};
  std::uint64_t ordinal = 0;  // of the packet at its source, or of the signal to its port
  std::uint32_t source = 0;   // node the packet is from, or number of the port
  std::uint32_t flight = 0;   // kSignal: 1 if it stops the port
  std::uint32_t hop = 0;      // that the packet is about to cross, from 0
  What what = What::kPacket;
  std::uint32_t tie = 0;  // place of the packet among those that come to its port at one instant

  bool operator>(const NetworkEvent& other) const {
    if (at != other.at) return at > other.at;
    if (what != other.what) return what > other.what;
    return std::tie(tie, source, ordinal, hop) >
           std::tie(other.tie, other.source, other.ordinal, other.hop);
  }
};

class EventQueue {
 public:
  // REQUIRES: event.at >= processed().
  void push(const NetworkEvent& event) {
    SOLITON_CHECK_MSG(event.at >= processed_,
                      "an event at {} ps after all below {} ps were processed",
                      event.at.time_since_epoch().count(), processed_.time_since_epoch().count());
    events_.push_back(event);
    std::push_heap(events_.begin(), events_.end(), std::greater<>{});
  }
  // Removes and returns the earliest event. REQUIRES: next() != kNever.
  NetworkEvent pop() {
    std::pop_heap(events_.begin(), events_.end(), std::greater<>{});
    const NetworkEvent event = events_.back();
    events_.pop_back();
    return event;
  }
  Instant next() const { return events_.empty() ? kNever : events_.front().at; }

  // All events before this instant are done.
  Instant processed() const { return processed_; }
  void set_processed(Instant until) { processed_ = until; }

 private:
  std::vector<NetworkEvent> events_;  // a heap, the earliest first
  Instant processed_{};
};

}  // namespace soliton
