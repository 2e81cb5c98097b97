// The receiving half of a connection: orders packets, reassembles messages from fragments, and
// tracks which packets are missing.
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
  kOutside,  // beyond the window: only a faulty peer sends it
  kNoRoom,   // out of order while the store is full: treated as lost
};

class ReceiveWindow {
 public:
  ReceiveWindow(ConnectionId self, const LtlOptions& options, Stores& stores);

  // Accepts a fragment and queues the messages that it completes, as views of the fragment if they
  // lie whole in it.
  ArrivalKind accept(const Fragment& fragment, DeliveryQueue& deliveries);
  // Discards all state and starts again at first_sequence.
  void clear();

  // Whether no packet is held or missing and no message is incomplete. If so, the next packet in
  // order may be accepted by take_whole() if it holds one whole message, which the caller delivers.
  bool plain() const { return held_count_ == 0 && !gap_ && !open_ && !discard_; }
  void take_whole() { beyond_ = ++expected_; }

  Sequence expected() const { return expected_; }
  // Out-of-order packets held, as a bitmap relative to expected(): header_bits() for the header,
  // and write_tail() for the rest, as far as `room` goes; it returns the bytes used.
  std::uint32_t header_bits() const;
  std::size_t write_tail(std::span<std::byte> room) const;
  // Bytes that write_tail() would write given enough room.
  std::size_t tail_size() const;
  // Whether the header's bits cannot name all packets held.
  bool needs_long_report() const { return tail_size() > 0; }
  // Fragments in places where they make no sense (such as a first fragment inside a message), which
  // only a faulty peer sends.
  std::uint64_t misplaced() const { return misplaced_; }

 private:
  // A fragment and where its bytes are: in the packet, or in a block that must be returned to its
  // pool or passed on.
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
