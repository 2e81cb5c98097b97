// Messages that are complete and wait for the application, in the order in which they were
// completed.
//
// A message that came whole in one packet is not copied: its bytes are those of the packet, which
// the carrier owns. keep() copies the messages that have not been taken before the packet goes
// away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "fabric/ltl/stores.h"
#include "protocol/base/payload.h"
#include "protocol/base/types.h"

namespace soliton {

class DeliveryQueue {
 public:
  struct Entry {
    ConnectionId connection{};
    std::span<const std::byte> real;
    std::uint64_t ghost = 0;
    Payload* owned = nullptr;    // its bytes, or null
    std::byte* block = nullptr;  // its bytes, or null
    bool borrowed = false;       // its bytes are a packet's
    std::uint64_t size() const { return real.size() + ghost; }
  };

  explicit DeliveryQueue(Stores& stores) : stores_(&stores), payloads_(1, 16) {}

  void add_view(ConnectionId to, std::span<const std::byte> real, std::uint64_t ghost) {
    push({to, real, ghost, nullptr, nullptr, true});
    ++borrowed_;
  }
  // Takes ownership of the block.
  void add_block(ConnectionId to, std::byte* block, std::span<const std::byte> real,
                 std::uint64_t ghost) {
    push({to, real, ghost, nullptr, block, false});
  }
  void add(ConnectionId to, Payload message);
  void keep() {
    if (borrowed_ > 0) keep_all();
  }

  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  const Entry& at(std::size_t i) const { return ring_[(head_ + i) & (ring_.size() - 1)]; }

  // Removes and returns the first entry; null if there is none. Its bytes are valid until the next
  // take(), the entry itself until the next message is added.
  Entry* take() {
    if (taken_block_ != nullptr || taken_owned_ != nullptr) release_taken();
    if (count_ == 0) return nullptr;
    Entry& entry = ring_[head_];
    // Most often there is one message: it has always the same place.
    head_ = --count_ == 0 ? 0 : (head_ + 1) & (ring_.size() - 1);
    borrowed_ -= entry.borrowed;
    taken_block_ = entry.block;
    taken_owned_ = entry.owned;
    return &entry;
  }
  // An empty payload, with the capacity of a finished one if there is one to reuse.
  Payload spare();

 private:
  static constexpr std::size_t kSpareBytesMax = 8 << 20;

  void push(const Entry& entry) {
    if (count_ == ring_.size()) grow();
    ring_[(head_ + count_++) & (ring_.size() - 1)] = entry;
  }
  void grow();
  void keep_all();
  void release_taken();

  Stores* stores_;
  ArrayPool<Payload> payloads_;
  std::vector<Entry> ring_;  // a power of two
  std::size_t head_ = 0;
  std::size_t count_ = 0;
  std::size_t borrowed_ = 0;
  Payload* taken_owned_ = nullptr;  // of the message taken last
  std::byte* taken_block_ = nullptr;
  std::vector<std::byte> spare_;
};

}  // namespace soliton
