// Durations in logarithmic buckets: fixed size, mergeable, percentiles within 1.6 % of the true
// value.
//
// 64 linear buckets per octave, like HdrHistogram; minimum, maximum, sum and count are exact.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/base/time.h"

namespace soliton {

class DurationHistogram {
 public:
  void add(Duration d);
  void merge(const DurationHistogram& other);

  std::uint64_t count() const { return count_; }
  Duration min() const { return count_ ? min_ : Duration{}; }
  Duration max() const { return max_; }
  __int128 sum_ps() const { return sum_ps_; }  // of many durations: beyond 64 bits
  // Rounded to nearest; zero when empty.
  Duration mean() const;
  // Upper edge of the bucket that holds the value of rank ceil(share * count), never above max(). 0
  // < share <= 1.
  Duration quantile(double share) const;

  // For the codec of control messages.
  struct Bucket {
    std::uint32_t number;
    std::uint64_t count;
  };
  std::vector<Bucket> buckets() const;
  static DurationHistogram restore(const std::vector<Bucket>& buckets, Duration min, Duration max,
                                   __int128 sum_ps);

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  Duration min_ = Duration::max();
  Duration max_{};
  __int128 sum_ps_ = 0;
};

}  // namespace soliton
