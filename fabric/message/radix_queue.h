// The future events of a network in message mode. Events of one instant come out in the order in
// which they were added, so what decides a tie is the order of its causes.
//
// A radix heap: no event may be added before the last one taken, so an event lies in the bucket of
// the highest bit in which its instant differs from the last one's, and moves to a lower bucket at
// most once a bit. Adding and taking cost a few moves of 16 bytes each, whatever the number of
// events. Buckets keep their order and their memory.
//
// Ahuja, Mehlhorn, Orlin, Tarjan, "Faster algorithms for the shortest path problem", JACM 1990.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/base/check.h"
#include "protocol/base/time.h"

namespace soliton {

struct MessageEvent {
  enum class What : std::uint8_t {
    kCross,    // a train may start on the next line of its way
    kDeliver,  // a message is complete at its receiver
    kLand,     // a train that completes none has arrived, and its flow has more to send
    kCard,     // the line of a node's card is nearly free, and more trains wait for it
    kAck,      // a receiver that has nothing to send acknowledges by itself
    kRoom,     // the sender of a flow that waits for acknowledgements has got some
    kWake,     // a node asked for this instant
  };

  Instant at{};
  // What in the lowest byte, above it the number of a train, port, flow or node. One word, as fields
  // of their own would be written apart and read together, for which a processor waits.
  std::uint64_t word = 0;

  What what() const { return static_cast<What>(word & 0xff); }
  std::uint32_t index() const { return static_cast<std::uint32_t>(word >> 8); }
};
static_assert(sizeof(MessageEvent) == 16);

class RadixQueue {
 public:
  bool empty() const { return filled_ == 0; }
  // The instant of the last event that was taken.
  Instant now() const { return now_; }

  // REQUIRES: at >= now().
  void push(Instant at, MessageEvent::What what, std::uint32_t index) {
    SOLITON_CHECK(at >= now_);
    add({at, std::uint64_t{index} << 8 | static_cast<std::uint64_t>(what)});
  }
  // REQUIRES: not empty().
  MessageEvent pop() {
    std::vector<MessageEvent>& first = buckets_[0];
    if ((filled_ & 1) == 0) {
      std::vector<MessageEvent>& bucket = buckets_[lowest()];
      if (bucket.size() == 1) return take_only(bucket);
      advance(bucket);
    }
    const MessageEvent event = first[taken_++];
    if (taken_ == first.size()) {
      first.clear();
      taken_ = 0;
      filled_ &= ~std::uint64_t{1};
    }
    return event;
  }

 private:
  // Instants are not negative, so they differ in one of 63 bits.
  std::size_t bucket_of(Instant at) const {
    return static_cast<std::size_t>(std::bit_width(bits(at) ^ bits(now_)));
  }
  static std::uint64_t bits(Instant at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count());
  }
  std::size_t lowest() const { return static_cast<std::size_t>(std::countr_zero(filled_)); }
  void add(const MessageEvent& event) {
    const std::size_t bucket = bucket_of(event.at);
    buckets_[bucket].push_back(event);
    filled_ |= std::uint64_t{1} << bucket;
  }
  MessageEvent take_only(std::vector<MessageEvent>& bucket) {
    const MessageEvent event = bucket.front();
    filled_ &= filled_ - 1;
    bucket.clear();
    now_ = event.at;
    return event;
  }
  // Makes the earliest instant of the lowest bucket the present one. Often it is that of all.
  void advance(std::vector<MessageEvent>& bucket) {
    Instant least = bucket.front().at;
    std::uint64_t differ = 0;
    for (const MessageEvent& event : bucket) {
      differ |= bits(event.at) ^ bits(bucket.front().at);
      least = std::min(least, event.at);
    }
    now_ = least;
    filled_ &= filled_ - 1;
    if (differ == 0) {
      bucket.swap(buckets_[0]);
      filled_ |= 1;
      return;
    }
    moving_.swap(bucket);
    for (const MessageEvent& event : moving_) add(event);
    moving_.clear();
    moving_.swap(bucket);
  }

  std::array<std::vector<MessageEvent>, 64> buckets_;
  std::uint64_t filled_ = 0;  // a bit for each bucket that has events
  std::size_t taken_ = 0;     // of the first bucket, whose events all happen at now_
  Instant now_{};
  std::vector<MessageEvent> moving_;
};

}  // namespace soliton
