// Credits: how many receiver bytes a sender may have outstanding beyond the cumulative
// acknowledgement.
//
// Out-of-order packets need no bookkeeping, as they lie beyond the acknowledgement. What shrinks
// the grant are complete messages that the application has not taken. Messages still being put
// together do not, or a message larger than the pool could never arrive.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "fabric/ltl/options.h"
#include "protocol/base/time.h"
#include "protocol/wire/ltl_header.h"

namespace soliton {

// Bytes per unit of a grant: kLtlCreditUnit, doubled until the 16-bit field of a header can express
// the whole pool. Both ends have the same options, hence the same unit.
constexpr std::int64_t credit_unit(const LtlOptions& options) {
  std::int64_t unit = kLtlCreditUnit;
  while (options.credit.count / unit > UINT16_MAX) unit *= 2;
  return unit;
}
constexpr std::int64_t credit_units(std::int64_t bytes, std::int64_t unit) {
  const std::int64_t whole = (bytes > 0 ? bytes : 0) / unit;
  return whole < UINT16_MAX ? whole : UINT16_MAX;
}

class ReceiveCredit {
 public:
  explicit ReceiveCredit(const LtlOptions& options);

  // A message of `bytes` was completed, or taken by the application.
  void hold(std::uint64_t bytes, Instant now) {
    if (fresh_at_ != now) held_before_ += std::exchange(held_fresh_, 0);
    fresh_at_ = now;
    held_fresh_ += static_cast<std::int64_t>(bytes + kHeldCharge);
  }
  void release(std::uint64_t bytes) {
    const auto amount = static_cast<std::int64_t>(bytes + kHeldCharge);
    const std::int64_t before = std::min(amount, held_before_);
    held_before_ -= before;
    held_fresh_ -= amount - before;
  }

  // The grant for a packet that leaves now, in units of credit_unit(). Messages completed at this
  // very instant do not count yet, so that the order in which a driver drains packets and
  // deliveries has no influence. The price: an application that takes no messages can be sent up to
  // two pools.
  std::uint16_t grant(Instant now) {
    const std::int64_t held = held_before_ + (fresh_at_ == now ? 0 : held_fresh_);
    const std::int64_t units = credit_units(pool_ - held, unit_);
    granted_ = units * unit_;
    return static_cast<std::uint16_t>(units);
  }
  // The grant has risen enough since the last one to be worth a packet of its own: from less than a
  // packet, or by a quarter of the pool.
  bool worth_telling() const;

 private:
  // Bytes charged per message, so that a peer cannot queue empty messages without limit.
  static constexpr std::uint64_t kHeldCharge = 64;

  std::int64_t unit_;
  std::int64_t pool_;
  std::int64_t packet_;
  std::int64_t tell_below_;  // a grant from here on cannot rise enough
  std::int64_t held_before_ = 0;
  std::int64_t held_fresh_ = 0;  // completed at fresh_at_
  Instant fresh_at_ = kNever;
  std::int64_t granted_;
};

class SendCredit {
 public:
  explicit SendCredit(const LtlOptions& options);

  // `advanced`: the packet acknowledges more than any before. At equal acknowledgement a grant only
  // rises; a lower one is an older packet.
  void update(std::uint16_t units, bool advanced) {
    const std::uint64_t bytes = units * unit_;
    granted_ = advanced ? bytes : std::max(granted_, bytes);
  }
  // One packet always fits into a grant that is not zero.
  bool allows(std::uint64_t outstanding, std::uint64_t packet) const {
    return outstanding + packet <= granted_ || (outstanding == 0 && granted_ > 0);
  }

 private:
  std::uint64_t unit_;
  std::uint64_t granted_;
};

}  // namespace soliton
