// Memory shared by all connections of one Ltl, in pools that grow to the working set and are then
// reused: blocks of one packet's payload, records of messages, and the arrays a connection needs
// only while packets are in flight or out of order. So ten thousand idle connections cost only
// their table rows, and traffic in the steady state does not allocate.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "fabric/ltl/options.h"
#include "fabric/ltl/packet_memory.h"
#include "protocol/base/payload.h"
#include "protocol/base/time.h"

namespace soliton {

// Blocks of a fixed size up to a fixed number.
class BlockPool {
 public:
  BlockPool(std::size_t block_bytes, std::size_t blocks_max)
      : block_bytes_(block_bytes), blocks_max_(blocks_max) {}

  std::size_t block_bytes() const { return block_bytes_; }
  // Null if all blocks_max blocks are in use.
  std::byte* take() {
    if (free_.empty() && !grow()) return nullptr;
    std::byte* block = free_.back();
    free_.pop_back();
    return block;
  }
  void give(std::byte* block) { free_.push_back(block); }
  std::size_t bytes() const { return blocks_ * block_bytes_; }

 private:
  static constexpr std::size_t kChunk = 32;  // blocks

  bool grow() {
    const std::size_t more = std::min(kChunk, blocks_max_ - blocks_);
    if (more == 0) return false;
    chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(more * block_bytes_));
    blocks_ += more;
    free_.reserve(blocks_);
    for (std::size_t i = more; i-- > 0;) free_.push_back(chunks_.back().get() + i * block_bytes_);
    return true;
  }

  std::size_t block_bytes_;
  std::size_t blocks_max_;
  std::size_t blocks_ = 0;
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::vector<std::byte*> free_;
};

// Arrays of `length` objects each. An array that is taken is in the state in which it was given
// back.
template <typename T>
class ArrayPool {
 public:
  ArrayPool(std::size_t length, std::size_t arrays_a_chunk)
      : length_(length), chunk_(arrays_a_chunk) {}

  T* take() {
    if (free_.empty()) grow();
    T* array = free_.back();
    free_.pop_back();
    return array;
  }
  void give(T* array) { free_.push_back(array); }

 private:
  void grow() {
    chunks_.push_back(std::make_unique<T[]>(length_ * chunk_));
    free_.reserve(chunks_.size() * chunk_);
    for (std::size_t i = chunk_; i-- > 0;) free_.push_back(chunks_.back().get() + i * length_);
  }

  std::size_t length_;
  std::size_t chunk_;
  std::vector<std::unique_ptr<T[]>> chunks_;
  std::vector<T*> free_;
};

// A message that waits or is in flight: real bytes, then ghosts. The real bytes lie in this record
// (`small`), in `owned`, in `block`, or with the application.
struct StoredMessage {
  std::span<const std::byte> real;
  std::uint64_t ghost = 0;
  StoredMessage* next = nullptr;
  std::byte* block = nullptr;
  Payload owned;
  // Small messages lie in the record, because many of them in flight would each touch a page if
  // they had blocks.
  static constexpr std::size_t kSmallBytes = 128;
  bool is_small = false;  // its bytes are in `small`
  std::array<std::byte, kSmallBytes> small;
  std::uint64_t size() const { return real.size() + ghost; }
};

// A packet in flight. One line of the cache.
struct alignas(64) SendSlot {
  StoredMessage* message = nullptr;  // the first of `messages`
  std::uint32_t offset = 0;          // no message is larger than kMessageBytesMax
  std::uint32_t length = 0;
  std::uint16_t messages = 1;     // that it holds: more than one if packed
  std::uint8_t flags = 0;         // first, last, packed
  std::uint8_t resend_flags = 0;  // of the resend to come
  bool arrived = false;           // named by a bitmap
  bool lost = false;              // waits for its resend
  bool tolerated = false;         // missing, and perhaps only late
  bool needless = false;          // was sent again although it had arrived
  std::uint64_t first_ordinal = 0;
  std::uint64_t last_ordinal = 0;
  Instant first_sent{};
  Instant last_sent{};
  Instant missing_since = kNever;  // by the last report that showed it missing
};

static_assert(sizeof(SendSlot) == 64);

// Rings of slots, each as large as the packets in flight need: 8, 16, 32, ... up to the window. A ring
// as large as the window would lead most connections, which have few packets in flight, through more
// memory than a cache has for each of thousands.
class SlotRings {
 public:
  explicit SlotRings(std::size_t window) : window_(window) {
    for (std::size_t size = std::min(kLeast, window);; size = std::min(2 * size, window)) {
      pools_.emplace_back(size, size == kLeast ? 4 : 1);
      if (size == window) break;
    }
  }

  std::size_t least() const { return std::min(kLeast, window_); }
  SendSlot* take(std::size_t size) { return pool(size).take(); }
  void give(SendSlot* ring, std::size_t size) { pool(size).give(ring); }

 private:
  static constexpr std::size_t kLeast = 8;

  ArrayPool<SendSlot>& pool(std::size_t size) {
    return pools_[static_cast<std::size_t>(std::countr_zero(size) - std::countr_zero(least()))];
  }

  std::size_t window_;  // a power of two, as all sizes
  std::vector<ArrayPool<SendSlot>> pools_;
};

// A packet that arrived before one with a lower sequence.
struct HeldPacket {
  std::byte* block = nullptr;  // null when it has no real bytes
  std::uint32_t real = 0;
  std::uint32_t ghost = 0;
  std::uint8_t flags = 0;
  bool used = false;
};

struct Stores {
  explicit Stores(const LtlOptions& options)
      : small_left(static_cast<std::size_t>(options.store.count) / kSmallShare /
                   StoredMessage::kSmallBytes),
        blocks(options.mtu, static_cast<std::size_t>(options.store.count) / options.mtu),
        messages(1, 64),
        send_slots(options.window),
        held(options.window, 1) {}

  // Memory for `size` bytes of a message: in its record while not too many messages use theirs,
  // else in a block, or in memory of its own if it is larger than a block. Null if all blocks are
  // in use.
  std::byte* place(StoredMessage& message, std::size_t size) {
    if (size == 0) return message.small.data();
    if (size <= message.small.size() && small_left > 0) {
      --small_left;
      message.is_small = true;
      return message.small.data();
    }
    if (size <= blocks.block_bytes()) return message.block = blocks.take();
    message.owned.bytes.resize(size);
    return message.owned.bytes.data();
  }
  // A message with a copy of `bytes`, in memory of its own if all blocks are in use.
  StoredMessage* keep(std::span<const std::byte> bytes) {
    StoredMessage* const message = messages.take();
    message->ghost = 0;
    message->next = nullptr;
    std::byte* to = place(*message, bytes.size());
    if (to == nullptr) {
      message->owned.bytes.resize(bytes.size());
      to = message->owned.bytes.data();
    }
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    message->real = {to, bytes.size()};
    return message;
  }

  void give(StoredMessage* message) {
    small_left += std::exchange(message->is_small, false);
    if (message->block != nullptr) blocks.give(std::exchange(message->block, nullptr));
    if (message->owned.bytes.capacity() > 0 || message->owned.ghost > 0) {
      memory->give(std::move(message->owned.bytes));
      message->owned = {};
    }
    messages.give(message);
  }

  static constexpr std::size_t kSmallShare = 8;  // of the store, for messages in their records
  std::size_t small_left;
  BlockPool blocks;
  ArrayPool<StoredMessage> messages;
  SlotRings send_slots;
  ArrayPool<HeldPacket> held;
  std::shared_ptr<PacketMemory> memory = std::make_shared<PacketMemory>();
};

}  // namespace soliton
