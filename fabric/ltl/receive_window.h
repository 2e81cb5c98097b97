// The receiving half of a connection: puts packets in order, fragments together, and knows what is
// missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fabric/ltl/delivery_queue.h"
#include "fabric/ltl/stores.h"
#include "protocol/base/payload.h"
#include "protocol/wire/arrival_bitmap.h"
#include "protocol/wire/sequence.h"

namespace soliton {

inline constexpr std::uint64_t kMessageBytesMax = std::uint64_t{1} << 30;

// A packet's fragment, borrowed from the datagram.
struct Fragment {
  Sequence sequence = 0;
  std::uint8_t flags = 0;
  std::span<const std::byte> bytes;
  std::uint64_t ghost = 0;
};

enum class ArrivalKind : std::uint8_t {
  kInOrder,
  kFilledGap,   // in order, and later packets wait or were thrown away (go-back-N)
  kNewGap,      // packets between the latest seen and this one are missing
  kOutOfOrder,  // behind a gap that is known
  kDuplicate,
  kOutside,  // beyond the window: no peer that keeps the rules sends it
  kNoRoom,   // out of order, and the store is full: as if it had been lost
};

class ReceiveWindow {
 public:
  ReceiveWindow(ConnectionId self, const LtlOptions& options, Stores& stores);

  // Takes the fragment in and queues the messages that it completes, as views of the
  // fragment where they lie whole in it.
  ArrivalKind accept(const Fragment& fragment, DeliveryQueue& deliveries);
  // Forgets everything, and begins at first_sequence again.
  void clear();

  // Nothing is held, missing, or half put together: the next packet in order may be taken by
  // take_whole() if it holds one message, which the caller hands on.
  bool plain() const { return held_count_ == 0 && !gap_ && !open_ && !discard_; }
  void take_whole() { beyond_ = ++expected_; }

  Sequence expected() const { return expected_; }
  // Out-of-order packets held, as bits relative to expected(): those of the header, and the rest,
  // as far as `room` goes. Returns how much of it is used.
  std::uint32_t header_bits() const;
  std::size_t write_tail(std::span<std::byte> room) const;
  // Bytes of write_tail(), had it room enough.
  std::size_t tail_size() const;
  // True when the header's bits do not name all.
  bool needs_long_report() const { return tail_size() > 0; }
  // Fragments that made no sense where they stood (a first fragment inside a message ...): a faulty
  // peer.
  std::uint64_t misplaced() const { return misplaced_; }

 private:
  // Where a fragment's bytes are: the packet's, or a block that is to be given back or passed on.
  struct Part {
    std::uint8_t flags = 0;
    std::span<const std::byte> bytes;
    std::uint64_t ghost = 0;
    std::byte* block = nullptr;
  };

  ArrivalKind accept_ahead(const Fragment& fragment);
  HeldPacket& held(Sequence s) { return held_[s & (options_->window - 1)]; }
  const HeldPacket& held(Sequence s) const { return held_[s & (options_->window - 1)]; }
  void release_held(DeliveryQueue& deliveries);
  void consume(const Part& part, DeliveryQueue& deliveries);
  void consume_whole(const Part& part, DeliveryQueue& deliveries);
  void consume_packed(const Part& part, DeliveryQueue& deliveries);
  void consume_fragment(const Part& part, DeliveryQueue& deliveries);
  void extend(std::span<const std::byte> bytes, std::uint64_t ghost);

  ConnectionId self_;
  const LtlOptions* options_;
  Stores* stores_;
  Sequence expected_;
  Sequence beyond_;  // one after the highest sequence seen
  bool gap_ = false;
  bool open_ = false;     // a message is being put together
  bool discard_ = false;  // the rest of a message that is too large
  std::uint32_t held_count_ = 0;
  HeldPacket* held_ = nullptr;  // by sequence modulo the window; null without a gap
  Payload message_;             // being put together
  std::uint64_t misplaced_ = 0;
};

}  // namespace soliton
