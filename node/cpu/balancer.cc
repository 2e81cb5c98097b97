#include "node/cpu/balancer.h"

#include "protocol/base/check.h"

namespace soliton {

// The copy where the round begins counts as the one that was chosen longest ago.
Balancer::Balancer(Balance how, std::size_t copies, std::size_t first, std::uint64_t seed)
    : how_(how), dice_(seed, "balance"), chosen_(copies), choices_(copies), next_(first % copies) {
  for (std::size_t copy = 0; copy < copies; ++copy)
    chosen_[copy] = (copy + copies - next_) % copies;
}

std::size_t Balancer::better(std::span<const std::uint32_t> open, std::size_t a,
                             std::size_t b) const {
  if (open[a] != open[b]) return open[a] < open[b] ? a : b;
  return chosen_[a] < chosen_[b] ? a : b;
}

std::size_t Balancer::drawn(std::span<const std::uint32_t> open) const {
  const std::uint64_t ordinal = 2 * choices_;
  const std::size_t a = dice_.below(ordinal, open.size());
  std::size_t b = dice_.below(ordinal + 1, open.size() - 1);
  if (b >= a) ++b;
  return better(open, a, b);
}

std::size_t Balancer::choose(std::span<const std::uint32_t> open) {
  SOLITON_CHECK(open.size() == chosen_.size());
  std::size_t out = 0;
  if (open.size() == 1) return out;
  if (how_ == Balance::kRoundRobin) {
    out = next_;
    next_ = (next_ + 1) % open.size();
  } else if (how_ == Balance::kTwoChoices) {
    out = drawn(open);
  } else {
    for (std::size_t copy = 1; copy < open.size(); ++copy) out = better(open, out, copy);
  }
  chosen_[out] = choices_++;
  return out;
}

}  // namespace soliton
