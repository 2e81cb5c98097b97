#include "fabric/ltl/receive_window.h"

#include <utility>

#include "protocol/wire/ltl_header.h"

namespace soliton {

ReceiveWindow::ReceiveWindow(const LtlOptions& options)
    : options_(&options), expected_(options.first_sequence), beyond_(options.first_sequence) {}

Arrival ReceiveWindow::accept(const Fragment& fragment, std::vector<Payload>& completed) {
  const std::int32_t ahead = sequence_distance(expected_, fragment.sequence);
  if (ahead < 0) return Arrival::kDuplicate;
  if (ahead >= static_cast<std::int32_t>(options_->window)) return Arrival::kOutside;
  if (ahead > 0) return accept_ahead(fragment);
  const bool filled = gap_;
  consume(fragment.flags, fragment.bytes, fragment.ghost, completed);
  ++expected_;
  release_held(completed);
  if (sequence_before(beyond_, expected_)) beyond_ = expected_;
  gap_ = held_count_ > 0;
  return filled ? Arrival::kFilledGap : Arrival::kInOrder;
}

Arrival ReceiveWindow::accept_ahead(const Fragment& fragment) {
  if (options_->recovery == RecoveryMode::kGoBackN)
    return std::exchange(gap_, true) ? Arrival::kOutOfOrder : Arrival::kNewGap;
  if (held_.empty()) held_.resize(options_->window);
  Held& place = held(fragment.sequence);
  if (place.used) return Arrival::kDuplicate;
  place.used = true;
  place.flags = fragment.flags;
  place.payload.bytes.assign(fragment.bytes.begin(), fragment.bytes.end());
  place.payload.ghost = fragment.ghost;
  ++held_count_;
  gap_ = true;
  const bool new_gap = sequence_before(beyond_, fragment.sequence);
  if (!sequence_before(fragment.sequence, beyond_)) beyond_ = fragment.sequence + 1;
  return new_gap ? Arrival::kNewGap : Arrival::kOutOfOrder;
}

void ReceiveWindow::release_held(std::vector<Payload>& completed) {
  while (held_count_ > 0 && held(expected_).used) {
    Held& place = held(expected_);
    consume(place.flags, place.payload.bytes, place.payload.ghost, completed);
    place = Held{};
    --held_count_;
    ++expected_;
  }
}

void ReceiveWindow::consume(std::uint8_t flags, std::span<const std::byte> bytes,
                            std::uint64_t ghost, std::vector<Payload>& completed) {
  const bool first = (flags & packet_flag::kFirst) != 0;
  if (first == open_) ++misplaced_;
  if (first) {
    message_ = Payload{};
    discard_ = false;
    open_ = true;
  }
  if (!open_) return;
  extend(bytes, ghost);
  if ((flags & packet_flag::kLast) == 0) return;
  open_ = false;
  if (!discard_) completed.push_back(std::exchange(message_, Payload{}));
}

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

ArrivalBitmap ReceiveWindow::bitmap() const {
  ArrivalBitmap out;
  if (held_count_ == 0) return out;
  for (Sequence s = expected_ + 1; s != beyond_; ++s)
    if (held(s).used) out.set(s - expected_ - 1);
  return out;
}

bool ReceiveWindow::needs_long_report() const {
  return held_count_ > 0 && sequence_distance(expected_, beyond_) >
                                1 + static_cast<std::int32_t>(ArrivalBitmap::kHeaderBits);
}

}  // namespace soliton
