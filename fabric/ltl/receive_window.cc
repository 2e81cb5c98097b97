#include "fabric/ltl/receive_window.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fabric/ltl/packed.h"
#include "protocol/base/chaos_site.h"
#include "protocol/wire/ltl_header.h"

namespace soliton {
namespace {

constexpr std::uint8_t kWhole = packet_flag::kFirst | packet_flag::kLast;

}  // namespace

ReceiveWindow::ReceiveWindow(ConnectionId self, const LtlOptions& options, Stores& stores)
    : self_(self),
      options_(&options),
      stores_(&stores),
      expected_(options.first_sequence),
      beyond_(options.first_sequence) {}

ArrivalKind ReceiveWindow::accept(const Fragment& fragment, DeliveryQueue& deliveries) {
  const std::int32_t ahead = sequence_distance(expected_, fragment.sequence);
  if (SOLITON_PLANTED(kNoDedup) && ahead < 0)
    consume({fragment.flags, fragment.bytes, fragment.ghost, nullptr}, deliveries);
  if (ahead < 0) return ArrivalKind::kDuplicate;
  if (ahead >= static_cast<std::int32_t>(options_->window)) return ArrivalKind::kOutside;
  if (ahead > 0) return accept_ahead(fragment);
  // In go-back-N nothing is held, but a gap was seen all the same.
  const bool filled = gap_;
  consume({fragment.flags, fragment.bytes, fragment.ghost, nullptr}, deliveries);
  ++expected_;
  if (held_count_ > 0) release_held(deliveries);
  if (sequence_before(beyond_, expected_)) beyond_ = expected_;
  gap_ = held_count_ > 0;
  return filled ? ArrivalKind::kFilledGap : ArrivalKind::kInOrder;
}

ArrivalKind ReceiveWindow::accept_ahead(const Fragment& fragment) {
  // Go-back-N keeps nothing behind a gap: the sender repeats it all.
  if (options_->recovery == RecoveryMode::kGoBackN)
    return std::exchange(gap_, true) ? ArrivalKind::kOutOfOrder : ArrivalKind::kNewGap;
  // Only a connection with a gap has room for the window: without loss, thousands of them need
  // none.
  if (held_ == nullptr) held_ = stores_->held.take();
  HeldPacket& place = held(fragment.sequence);
  if (place.used) return ArrivalKind::kDuplicate;
  if (!fragment.bytes.empty()) {
    // Copied, as the carrier reuses the packet long before the gap is filled.
    place.block = SOLITON_CHAOS(kStoreFull) ? nullptr : stores_->blocks.take();
    if (place.block == nullptr && !SOLITON_PLANTED(kAckBeforeStore)) return ArrivalKind::kNoRoom;
    if (place.block != nullptr)
      std::memcpy(place.block, fragment.bytes.data(), fragment.bytes.size());
    if (SOLITON_PLANTED(kHeldBytesLost)) std::memset(place.block, 0, fragment.bytes.size());
  }
  place.used = true;
  place.flags = fragment.flags;
  place.real = static_cast<std::uint32_t>(fragment.bytes.size());
  if (SOLITON_PLANTED(kAckBeforeStore) && place.block == nullptr) place.real = 0;
  place.ghost = static_cast<std::uint32_t>(fragment.ghost);
  ++held_count_;
  gap_ = true;
  // A packet directly after the highest one seen leaves no new gap; one further ahead does.
  const bool new_gap = sequence_before(beyond_, fragment.sequence);
  if (!sequence_before(fragment.sequence, beyond_)) beyond_ = fragment.sequence + 1;
  return new_gap ? ArrivalKind::kNewGap : ArrivalKind::kOutOfOrder;
}

void ReceiveWindow::release_held(DeliveryQueue& deliveries) {
  while (held_count_ > (SOLITON_PLANTED(kReorderOffByOne) ? 1 : 0) && held(expected_).used) {
    HeldPacket& place = held(expected_);
    // consume() passes the block on or returns it.
    consume({place.flags, {place.block, place.real}, place.ghost, place.block}, deliveries);
    place = HeldPacket{};
    --held_count_;
    ++expected_;
  }
  if (held_count_ == 0) stores_->held.give(std::exchange(held_, nullptr));
}

// Blocks and the array belong to the stores of all connections, so they are returned before the
// state is replaced.
void ReceiveWindow::clear() {
  for (std::uint32_t i = 0; held_ != nullptr && i < options_->window; ++i) {
    if (held_[i].block != nullptr) stores_->blocks.give(held_[i].block);
    held_[i] = HeldPacket{};
  }
  if (held_ != nullptr) stores_->held.give(held_);
  *this = ReceiveWindow(self_, *options_, *stores_);
}

// A first fragment inside a message, or a later one outside, breaks the rules. The incomplete
// message is discarded so that the connection goes on.
void ReceiveWindow::consume(const Part& part, DeliveryQueue& deliveries) {
  const bool first = (part.flags & packet_flag::kFirst) != 0;
  if (first == open_) ++misplaced_;
  if (first && (open_ || discard_)) {
    message_ = Payload{};
    open_ = discard_ = false;
  }
  if ((part.flags & kWhole) == kWhole) return consume_whole(part, deliveries);
  consume_fragment(part, deliveries);
  if (part.block != nullptr) stores_->blocks.give(part.block);
}

// A message that lies whole in one packet is not copied here: the delivery is a view of the packet,
// or takes the block over.
void ReceiveWindow::consume_whole(const Part& part, DeliveryQueue& deliveries) {
  if ((part.flags & packet_flag::kPacked) != 0) return consume_packed(part, deliveries);
  if (part.block != nullptr)
    deliveries.add_block(self_, part.block, part.bytes, part.ghost);
  else
    deliveries.add_view(self_, part.bytes, part.ghost);
}

// Messages of a block are copied out of it, as each entry of the deliveries owns what it shows.
void ReceiveWindow::consume_packed(const Part& part, DeliveryQueue& deliveries) {
  PackedReader reader(part.bytes, part.ghost);
  while (const auto message = reader.next())
    deliveries.add_view(self_, message->real, message->ghost);
  if (!reader.good()) ++misplaced_;
  if (part.block == nullptr) return;
  deliveries.keep();
  stores_->blocks.give(part.block);
}

void ReceiveWindow::consume_fragment(const Part& part, DeliveryQueue& deliveries) {
  if ((part.flags & packet_flag::kFirst) != 0) {
    message_ = deliveries.spare();
    open_ = true;
  }
  if (!open_) return;
  extend(part.bytes, part.ghost);
  if ((part.flags & packet_flag::kLast) == 0) return;
  open_ = false;
  if (!std::exchange(discard_, false)) deliveries.add(self_, std::exchange(message_, Payload{}));
}

// A message above the limit is discarded to its end, so that a faulty peer cannot exhaust memory.
void ReceiveWindow::extend(std::span<const std::byte> bytes, std::uint64_t ghost) {
  if (discard_) return;
  if (message_.size() + bytes.size() + ghost > kMessageBytesMax) {
    ++misplaced_;
    message_ = Payload{};
    discard_ = true;
    return;
  }
  if (message_.ghost == 0) {
    message_.append(bytes);
  } else if (!bytes.empty()) {
    ++misplaced_;  // real bytes behind ghosts cannot be kept: only their size counts
    message_.ghost += bytes.size();
  }
  message_.ghost += ghost;
}

// Bit i stands for expected_ + 1 + i, as expected_ itself is missing.
std::uint32_t ReceiveWindow::header_bits() const {
  if (held_count_ == 0) return 0;
  const auto bits =
      std::min<std::uint32_t>(beyond_ - expected_ - 1, std::uint32_t{ArrivalBitmap::kHeaderBits});
  std::uint32_t out = 0;
  for (std::uint32_t bit = 0; bit < bits; ++bit)
    if (held(expected_ + 1 + bit).used) out |= 1U << bit;
  return out;
}

std::size_t ReceiveWindow::tail_size() const {
  return held_count_ == 0 ? 0 : ArrivalBitmap::tail_bytes(beyond_ - expected_ - 1);
}

std::size_t ReceiveWindow::write_tail(std::span<std::byte> room) const {
  const std::size_t bytes = std::min(tail_size(), room.size());
  const std::span<std::byte> tail = room.first(bytes);
  std::fill(tail.begin(), tail.end(), std::byte{0});
  if (bytes == 0) return 0;
  const auto bits = std::min<std::uint32_t>(
      beyond_ - expected_ - 1, ArrivalBitmap::kHeaderBits + static_cast<std::uint32_t>(8 * bytes));
  for (std::uint32_t bit = ArrivalBitmap::kHeaderBits; bit < bits; ++bit)
    if (held(expected_ + 1 + bit).used) ArrivalBitmap::set_in_tail(tail, bit);
  return bytes;
}

}  // namespace soliton
