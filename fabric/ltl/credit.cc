#include "fabric/ltl/credit.h"

#include <algorithm>
#include <utility>

#include "protocol/wire/ltl_header.h"

namespace soliton {
namespace {

// As the 16-bit field can say it.
std::int64_t round_down(std::int64_t bytes) {
  const std::int64_t units = std::min<std::int64_t>(bytes / kLtlCreditUnit, UINT16_MAX);
  return units * kLtlCreditUnit;
}

// An empty message is not free, or a peer could queue them without end.
constexpr std::uint64_t kHeldCharge = 64;

}  // namespace

ReceiveCredit::ReceiveCredit(const LtlOptions& options)
    : pool_(options.credit.count),
      packet_(options.mtu + options.credit_overhead.count),
      tell_below_(std::max(pool_ - pool_ / 4 + 1, packet_)),
      granted_(round_down(pool_)) {}

void ReceiveCredit::hold(std::uint64_t bytes, Instant now) {
  if (fresh_at_ != now) held_before_ += std::exchange(held_fresh_, 0);
  fresh_at_ = now;
  held_fresh_ += static_cast<std::int64_t>(bytes + kHeldCharge);
}

void ReceiveCredit::release(std::uint64_t bytes) {
  const auto amount = static_cast<std::int64_t>(bytes + kHeldCharge);
  const std::int64_t before = std::min(amount, held_before_);
  held_before_ -= before;
  held_fresh_ -= amount - before;
}

std::int64_t ReceiveCredit::free_bytes(std::int64_t held) const {
  return round_down(std::max<std::int64_t>(pool_ - held, 0));
}

std::uint16_t ReceiveCredit::grant(Instant now) {
  granted_ = free_bytes(held_before_ + (fresh_at_ == now ? 0 : held_fresh_));
  return static_cast<std::uint16_t>(granted_ / kLtlCreditUnit);
}

bool ReceiveCredit::worth_telling() const {
  if (granted_ >= tell_below_) return false;
  const std::int64_t available = free_bytes(held_before_ + held_fresh_);
  if (available <= granted_) return false;
  return granted_ < packet_ || available - granted_ >= pool_ / 4;
}

SendCredit::SendCredit(const LtlOptions& options)
    : granted_(static_cast<std::uint64_t>(round_down(options.credit.count))) {}

void SendCredit::update(std::uint16_t units, bool advanced) {
  const std::uint64_t bytes = std::uint64_t{units} * kLtlCreditUnit;
  granted_ = advanced ? bytes : std::max(granted_, bytes);
}

}  // namespace soliton
