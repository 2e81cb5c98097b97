// Credits: how many receiver bytes a sender may have outstanding beyond the cumulative
// acknowledgement.
//
// Out-of-order packets need no bookkeeping, as they lie beyond the acknowledgement. What shrinks
// the grant are complete messages that the application has not taken. Messages still being put
// together do not, or a message larger than the pool could never arrive.
#pragma once

#include <cstdint>

#include "fabric/ltl/options.h"
#include "protocol/base/time.h"

namespace soliton {

class ReceiveCredit {
 public:
  explicit ReceiveCredit(const LtlOptions& options);

  // A message of `bytes` was completed, or taken by the application.
  void hold(std::uint64_t bytes, Instant now);
  void release(std::uint64_t bytes);

  // The grant for a packet that leaves now, in kLtlCreditUnit. What was completed in this very
  // instant does not count yet, so the order in which a driver drains packets and deliveries does
  // not matter; an application that takes nothing at all can be sent two pools for it.
  std::uint16_t grant(Instant now);
  // The grant has risen enough since the last one to be worth a packet of its own: from less than a
  // packet, or by a quarter of the pool.
  bool worth_telling() const;

 private:
  std::int64_t free_bytes(std::int64_t held) const;

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
  void update(std::uint16_t units, bool advanced);
  // One packet always fits into a grant that is not zero.
  bool allows(std::uint64_t outstanding, std::uint64_t packet) const {
    return outstanding + packet <= granted_ || (outstanding == 0 && granted_ > 0);
  }

 private:
  std::uint64_t granted_;
};

}  // namespace soliton
