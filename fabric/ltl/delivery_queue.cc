#include "fabric/ltl/delivery_queue.h"

#include <algorithm>

namespace soliton {

void DeliveryQueue::grow() {
  std::vector<Entry> larger(std::max<std::size_t>(16, 2 * ring_.size()));
  for (std::size_t i = 0; i < count_; ++i) larger[i] = ring_[(head_ + i) & (ring_.size() - 1)];
  ring_ = std::move(larger);
  head_ = 0;
}

void DeliveryQueue::add(ConnectionId to, Payload message) {
  Payload* owned = payloads_.take();
  *owned = std::move(message);
  push({to, owned->bytes, owned->ghost, owned, nullptr, false});
}

void DeliveryQueue::keep_all() {
  // Views are the newest entries, as each packet's are kept before the next packet comes.
  for (std::size_t i = count_; borrowed_ > 0 && i-- > 0;) {
    Entry& entry = ring_[(head_ + i) & (ring_.size() - 1)];
    if (!entry.borrowed) continue;
    entry.borrowed = false;
    --borrowed_;
    if (entry.real.size() <= stores_->blocks.block_bytes()) entry.block = stores_->blocks.take();
    if (entry.block != nullptr) {
      std::copy(entry.real.begin(), entry.real.end(), entry.block);
      entry.real = {entry.block, entry.real.size()};
    } else {
      entry.owned = payloads_.take();
      entry.owned->bytes.assign(entry.real.begin(), entry.real.end());
      entry.owned->ghost = entry.ghost;
      entry.real = entry.owned->bytes;
    }
  }
}

void DeliveryQueue::release_taken() {
  if (taken_block_ != nullptr) stores_->blocks.give(std::exchange(taken_block_, nullptr));
  if (taken_owned_ == nullptr) return;
  std::vector<std::byte>& bytes = taken_owned_->bytes;
  if (bytes.capacity() > spare_.capacity() && bytes.capacity() <= kSpareBytesMax)
    std::swap(spare_, bytes);
  *taken_owned_ = {};
  payloads_.give(std::exchange(taken_owned_, nullptr));
}

Payload DeliveryQueue::spare() {
  Payload out;
  out.bytes = std::move(spare_);
  out.bytes.clear();
  spare_ = {};
  return out;
}

}  // namespace soliton
