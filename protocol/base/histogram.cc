#include "protocol/base/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "protocol/base/check.h"

namespace soliton {
namespace {

constexpr int kSubBits = 6;
constexpr std::uint64_t kSub = 1u << kSubBits;

// Values below kSub have a bucket each; then kSub buckets an octave.
std::size_t bucket_of(std::uint64_t value) {
  if (value < kSub) return value;
  const int shift = std::bit_width(value) - 1 - kSubBits;
  return (static_cast<std::size_t>(shift + 1) << kSubBits) + ((value >> shift) - kSub);
}

std::uint64_t upper_edge(std::size_t bucket) {
  if (bucket < kSub) return bucket;
  const int shift = static_cast<int>(bucket >> kSubBits) - 1;
  return ((kSub + (bucket & (kSub - 1)) + 1) << shift) - 1;
}

}  // namespace

void DurationHistogram::add(Duration d) {
  SOLITON_CHECK_MSG(d.count() >= 0, "duration {} ps", d.count());
  const std::size_t bucket = bucket_of(static_cast<std::uint64_t>(d.count()));
  if (counts_.size() <= bucket) counts_.resize(bucket + 1);
  ++counts_[bucket];
  ++count_;
  min_ = std::min(min_, d);
  max_ = std::max(max_, d);
  sum_ps_ += d.count();
}

void DurationHistogram::merge(const DurationHistogram& other) {
  if (counts_.size() < other.counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ps_ += other.sum_ps_;
}

Duration DurationHistogram::mean() const {
  if (count_ == 0) return Duration{};
  const auto n = static_cast<__int128>(count_);
  return Duration{static_cast<std::int64_t>((sum_ps_ + n / 2) / n)};
}

Duration DurationHistogram::quantile(double share) const {
  if (count_ == 0) return Duration{};
  // Nearest rank: the smallest value that at least this share of all durations does not exceed.
  const auto rank = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= rank)
      return std::min(max_, std::max(min_, Duration{static_cast<std::int64_t>(upper_edge(i))}));
  }
  return max_;
}

std::vector<DurationHistogram::Bucket> DurationHistogram::buckets() const {
  std::vector<Bucket> out;
  for (std::size_t i = 0; i < counts_.size(); ++i)
    if (counts_[i]) out.push_back({static_cast<std::uint32_t>(i), counts_[i]});
  return out;
}

DurationHistogram DurationHistogram::restore(const std::vector<Bucket>& buckets, Duration min,
                                             Duration max, __int128 sum_ps) {
  DurationHistogram out;
  for (const Bucket& bucket : buckets) {
    // A number that no duration has comes from damaged bytes.
    if (bucket.number > bucket_of(UINT64_MAX)) continue;
    if (out.counts_.size() <= bucket.number) out.counts_.resize(bucket.number + 1);
    out.counts_[bucket.number] += bucket.count;
    out.count_ += bucket.count;
  }
  out.min_ = out.count_ ? min : Duration::max();
  out.max_ = max;
  out.sum_ps_ = sum_ps;
  return out;
}

}  // namespace soliton
