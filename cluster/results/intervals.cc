// Only +, -, *, / and square roots are used, which are the same on every machine.
#include "cluster/results/intervals.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "cluster/results/spread.h"
#include "cluster/results/statistics.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

constexpr std::size_t kBatches = 20;
constexpr double kTail = 0.025;
// A term of the distribution so much smaller than the largest changes no rank.
constexpr double kNegligible = 1e-20;
// Variances of batches over those of independent samples exceed this in 2.5 % of cases (chi-square with 19
// degrees of freedom, 32.85, over 19).
constexpr double kChance = 1.73;

// Terms of the binomial distribution from the first that counts on, without a factor.
struct Binomial {
  std::int64_t first = 0;
  std::vector<double> terms;
  double sum = 0;
};

Binomial binomial(std::int64_t count, std::int64_t permille) {
  const auto n = static_cast<double>(count);
  const double odds = static_cast<double>(permille) / static_cast<double>(1000 - permille);
  const std::int64_t mode = (count + 1) * permille / 1000;
  std::vector<double> below;
  double term = 1;
  for (std::int64_t k = mode; k > 0 && term > kNegligible; --k) {
    const auto real = static_cast<double>(k);
    term *= real / (n - real + 1) / odds;
    below.push_back(term);
  }
  Binomial out{mode - static_cast<std::int64_t>(below.size()),
               std::vector<double>(below.rbegin(), below.rend()), 0};
  term = 1;
  for (std::int64_t k = mode; k <= count && term > kNegligible; ++k) {
    out.terms.push_back(term);
    const auto real = static_cast<double>(k);
    term *= (n - real) / (real + 1) * odds;
  }
  for (const double one : out.terms) out.sum += one;
  return out;
}

// How much more the share of samples up to `limit` varies between batches than it would between
// independent samples; 1 if by no more than chance.
double dependence(const std::vector<Duration>& in_order, Duration limit, std::int64_t permille) {
  const std::size_t size = in_order.size() / kBatches;
  if (size < 2) return 1;
  std::array<double, kBatches> share{};
  for (std::size_t i = 0; i < size * kBatches; ++i)
    if (in_order[i] <= limit) share[i / size] += 1;
  for (double& one : share) one /= static_cast<double>(size);
  const double measured = spread_of(share).deviation;
  const double p = static_cast<double>(permille) / 1000;
  const double ratio = measured * measured * static_cast<double>(size) / (p * (1 - p));
  return ratio > kChance ? ratio : 1;
}

std::optional<LatencyInterval> percentile_interval(const std::vector<Duration>& in_order,
                                                   const std::vector<Duration>& sorted,
                                                   std::int64_t permille) {
  const auto n = static_cast<std::int64_t>(sorted.size());
  if (sorted.front() == sorted.back() && rank_interval(n, permille))
    return LatencyInterval{sorted.front(), sorted.back()};
  const double factor = dependence(in_order, nearest_rank(sorted, permille), permille);
  const auto independent = static_cast<std::int64_t>(static_cast<double>(n) / factor);
  if (independent < 1) return std::nullopt;
  const auto ranks = rank_interval(independent, permille);
  if (!ranks) return std::nullopt;
  const std::int64_t low = std::max<std::int64_t>(1, ranks->first * n / independent);
  const std::int64_t high = std::min(n, (ranks->second * n + independent - 1) / independent);
  return LatencyInterval{sorted[static_cast<std::size_t>(low - 1)],
                         sorted[static_cast<std::size_t>(high - 1)]};
}

Duration rounded(double picoseconds) {
  return Duration{static_cast<std::int64_t>(picoseconds + 0.5)};
}

std::optional<LatencyInterval> mean_interval(const std::vector<Duration>& in_order) {
  const std::size_t size = in_order.size() / kBatches;
  if (size < 2) return std::nullopt;
  std::array<double, kBatches> means{};
  for (std::size_t i = 0; i < size * kBatches; ++i)
    means[i / size] += static_cast<double>(in_order[i].count()) / static_cast<double>(size);
  const Spread spread = spread_of(means);
  const auto mean = static_cast<double>(mean_of(in_order).count());
  return LatencyInterval{rounded(std::max(0.0, mean - *spread.half_width)),
                         rounded(mean + *spread.half_width)};
}

}  // namespace

std::optional<std::pair<std::int64_t, std::int64_t>> rank_interval(std::int64_t count,
                                                                   std::int64_t permille) {
  SOLITON_CHECK_MSG(permille > 0 && permille < 1000, "{}", permille);
  const Binomial all = binomial(count, permille);
  const double tail = kTail * all.sum;
  // The largest rank with P(K < rank) <= tail, and the smallest with P(K >= rank) <= tail.
  std::int64_t low = all.first, high = all.first + static_cast<std::int64_t>(all.terms.size());
  double sum = 0;
  for (const double term : all.terms) {
    sum += term;
    if (sum > tail) break;
    ++low;
  }
  sum = 0;
  for (auto term = all.terms.rbegin(); term != all.terms.rend(); ++term) {
    sum += *term;
    if (sum > tail) break;
    --high;
  }
  if (low < 1 || high > count) return std::nullopt;
  return std::pair(low, high);
}

LatencyIntervals latency_intervals(const std::vector<Duration>& in_order) {
  if (in_order.empty()) return {};
  std::vector<Duration> sorted = in_order;
  std::ranges::sort(sorted);
  return {mean_interval(in_order), percentile_interval(in_order, sorted, 500),
          percentile_interval(in_order, sorted, 900), percentile_interval(in_order, sorted, 990),
          percentile_interval(in_order, sorted, 999)};
}

LatencyIntervals latency_intervals(const RunResults& results) {
  if (results.running) return {};
  std::vector<Duration> in_order;
  in_order.reserve(results.requests.size());
  for (const RequestRecord& r : results.requests)
    if (r.counts()) in_order.push_back(r.completed - r.sent);
  return latency_intervals(in_order);
}

}  // namespace soliton
