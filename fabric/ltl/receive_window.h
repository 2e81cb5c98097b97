// The receiving half of a connection: puts packets in order, fragments together, and knows what is
// missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fabric/ltl/ltl.h"
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

enum class Arrival : std::uint8_t {
  kInOrder,
  kFilledGap,   // in order, and later packets wait or were thrown away (go-back-N)
  kNewGap,      // packets between the latest seen and this one are missing
  kOutOfOrder,  // behind a gap that is known
  kDuplicate,
  kOutside,  // beyond the window: no peer that keeps the rules sends it
};

class ReceiveWindow {
 public:
  explicit ReceiveWindow(const LtlOptions& options);

  // Takes the fragment in and appends the messages that it completes.
  Arrival accept(const Fragment& fragment, std::vector<Payload>& completed);

  Sequence expected() const { return expected_; }
  // Out-of-order packets held, as bits relative to expected().
  ArrivalBitmap bitmap() const;
  // True when bitmap() does not fit the header.
  bool needs_long_report() const;
  // Fragments that made no sense where they stood (a first fragment inside a message ...): a faulty
  // peer.
  std::uint64_t misplaced() const { return misplaced_; }

 private:
  struct Held {
    bool used = false;
    std::uint8_t flags = 0;
    Payload payload;
  };

  Arrival accept_ahead(const Fragment& fragment);
  Held& held(Sequence s) { return held_[s & (options_->window - 1)]; }
  const Held& held(Sequence s) const { return held_[s & (options_->window - 1)]; }
  void release_held(std::vector<Payload>& completed);
  void consume(std::uint8_t flags, std::span<const std::byte> bytes, std::uint64_t ghost,
               std::vector<Payload>& completed);
  void extend(std::span<const std::byte> bytes, std::uint64_t ghost);

  const LtlOptions* options_;
  Sequence expected_;
  Sequence beyond_;  // one after the highest sequence seen
  bool gap_ = false;
  std::vector<Held> held_;  // by sequence modulo the window; empty until the first gap
  std::uint32_t held_count_ = 0;
  Payload message_;  // being put together
  bool open_ = false;
  bool discard_ = false;  // the rest of a message that is too large
  std::uint64_t misplaced_ = 0;
};

}  // namespace soliton
