#include "cluster/run/rates.h"

namespace soliton {
namespace {

constexpr double kSpan = 2;  // seconds a rate is measured over

}  // namespace

void RunRates::add(const RunReached& reached) {
  const double span = reached.wall_seconds - last_.wall_seconds;
  const bool began = last_.completed != 0 || last_.packets != 0;
  if (span <= 0 || (span < kSpan && began)) return;
  completed_ = static_cast<double>(reached.completed - last_.completed) / span;
  packets_ = static_cast<double>(reached.packets - last_.packets) / span;
  emulated_ = in_us(reached.now - last_.now) * 1e-6 / span;
  last_ = reached;
}

std::optional<double> RunRates::seconds_left(std::uint64_t completed, std::uint64_t asked) const {
  if (!(completed_ > 0) || completed >= asked) return std::nullopt;
  return static_cast<double>(asked - completed) / completed_;
}

}  // namespace soliton
