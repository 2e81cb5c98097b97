#include "fabric/ltl/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "protocol/wire/arrival_bitmap.h"
#include "protocol/wire/ltl_header.h"

namespace soliton {
namespace {

Status check_congestion(const CongestionOptions& o) {
  if (o.line_rate.bits_per_second <= 0 || o.rate_min.bits_per_second <= 0 ||
      o.rate_min > o.line_rate)
    return invalid("congestion: rate_min must be above 0 and at most line_rate");
  if (o.cnp_interval.count() < 0 || o.alpha_timer.count() <= 0 || o.rate_timer.count() <= 0)
    return invalid("congestion: timers must be above 0");
  if (o.alpha_gain < 1 || o.byte_counter.count < 1 || o.additive_step.bits_per_second < 1)
    return invalid("congestion: alpha_gain, byte_counter and additive_step must be above 0");
  return {};
}

// What a receiver is charged for two full windows: with less, a window of that size is never used.
Bytes two_windows(const LtlOptions& ltl) {
  return {2 * std::int64_t{ltl.window} * (std::int64_t{ltl.mtu} + ltl.credit_overhead.count)};
}

}  // namespace

Status check(const LtlOptions& o) {
  if (o.mtu < 1 || o.mtu > kLtlFragmentMax)
    return invalid(fmt::format("mtu is {} bytes; allowed: 1 to {}", o.mtu, kLtlFragmentMax));
  if (!std::has_single_bit(o.window) || o.window > kLtlWindowMax)
    return invalid(fmt::format("window is {} packets; allowed: powers of two up to {}", o.window,
                               kLtlWindowMax));
  if (o.credit.count < kLtlCreditUnit)
    return invalid(fmt::format("credit is {}; it must be at least {} bytes", describe(o.credit),
                               kLtlCreditUnit));
  if (o.timeout.count() <= 0 || o.timeout_max < o.timeout)
    return invalid("timeout must be above 0 and at most timeout_max");
  if (o.reorder_tolerance.count() < 0 || o.ack_delay.count() < 0)
    return invalid("reorder_tolerance and ack_delay cannot be negative");
  if (o.ack_every < 1) return invalid("ack_every is 0 packets; it must be at least 1");
  if (o.queue_limit.count < 1 || o.credit_overhead.count < 0)
    return invalid("queue_limit must be above 0, and credit_overhead cannot be negative");
  if (o.packing.count < 0) return invalid("packing cannot be negative");
  if (o.auth == AuthMode::kHeader && !o.crc)
    return invalid(
        "auth: header needs crc, because its tag covers the payload only through the checksum");
  if (o.silence_min.count() < 0) return invalid("silence_min cannot be negative");
  if (const Status congestion = check_congestion(o.congestion); !congestion) return congestion;
  if (o.store.count < o.mtu)
    return invalid(fmt::format("store is {}; it must hold at least one packet", describe(o.store)));
  if (std::find(o.weights.begin(), o.weights.end(), 0) != o.weights.end())
    return invalid("the weight of a channel is 0; it must be at least 1");
  return {};
}

std::size_t report_bytes_max(const LtlOptions& options) {
  static constexpr std::size_t kAlways = 28;  // room that a packet of any MTU has
  return std::min(ArrivalBitmap::tail_bytes(options.window),
                  std::max<std::size_t>(options.mtu, kAlways));
}

void check_congestion_keys(void* congestion, FieldCheck& check) {
  const auto& o = *static_cast<CongestionOptions*>(congestion);
  if (o.rate_min > o.line_rate)
    check.error("rate_min",
                fmt::format("{} is above line_rate, {}", spell(o.rate_min), spell(o.line_rate)));
}

void check_ltl_keys(void* ltl, FieldCheck& check) {
  LtlOptions& o = *static_cast<LtlOptions*>(ltl);
  if (!check.has("credit")) o.credit = std::max(o.credit, two_windows(o));
  if (!check.has("store")) o.store = std::max(o.store, two_windows(o));
  if (!std::has_single_bit(o.window))
    check.error("window", fmt::format("{} is not a power of two", o.window));
  if (o.timeout_max < o.timeout)
    check.error("timeout_max",
                fmt::format("{} is below timeout, {}", spell(o.timeout_max), spell(o.timeout)));
  const Bytes packet = Bytes{o.mtu} + o.credit_overhead;
  if (o.credit < packet)
    check.error("credit", fmt::format("{} is less than what one packet is charged, {} (mtu and "
                                      "credit_overhead)",
                                      spell(o.credit), spell(packet)));
  if (o.ack_every > o.window)
    check.error("ack_every",
                fmt::format("{} is above window, {}: no acknowledgement would ever be sent early",
                            o.ack_every, o.window));
  if (o.auth == AuthMode::kHeader && !o.crc)
    check.error("auth",
                "header needs crc, because its tag covers the payload only through the checksum");
  if (const Status good = soliton::check(o); !good && check.problems.empty())
    check.error("", good.error().message);
}

}  // namespace soliton
