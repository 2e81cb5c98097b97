#include "fabric/ltl/credit.h"

#include <algorithm>
#include <utility>

#include "protocol/wire/ltl_header.h"

namespace soliton {
namespace {

std::int64_t round_down(std::int64_t bytes, std::int64_t unit) {
  return credit_units(bytes, unit) * unit;
}

}  // namespace

ReceiveCredit::ReceiveCredit(const LtlOptions& options)
    : unit_(credit_unit(options)),
      pool_(options.credit.count),
      packet_(options.mtu + options.credit_overhead.count),
      tell_below_(std::max(pool_ - pool_ / 4 + 1, packet_)),
      granted_(round_down(pool_, unit_)) {}

bool ReceiveCredit::worth_telling() const {
  if (granted_ >= tell_below_) return false;
  const std::int64_t available = round_down(pool_ - held_before_ - held_fresh_, unit_);
  if (available <= granted_) return false;
  return granted_ < packet_ || available - granted_ >= pool_ / 4;
}

SendCredit::SendCredit(const LtlOptions& options)
    : unit_(static_cast<std::uint64_t>(credit_unit(options))),
      granted_(static_cast<std::uint64_t>(
          round_down(options.credit.count, static_cast<std::int64_t>(unit_)))) {}

}  // namespace soliton
