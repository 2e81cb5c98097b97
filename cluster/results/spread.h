// How far several measurements of one quantity lie apart, and how well they know its mean.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace soliton {

// Below that many measurements no interval is given.
inline constexpr std::size_t kIntervalLeast = 5;
// And below that many on each side no difference is called more than noise.
inline constexpr std::size_t kNoiseLeast = 3;

struct Spread {
  std::size_t count = 0;
  double mean = 0, least = 0, most = 0;
  double deviation = 0;  // of the sample, with count - 1; 0 for one
  // Half the 95 % interval of the mean by Student's t; from kIntervalLeast measurements on.
  std::optional<double> half_width;
};
// REQUIRES: not empty.
Spread spread_of(std::span<const double> values);

// The value that |t| exceeds in 5 % of cases. REQUIRES: freedom >= 1. Between the tabled degrees of freedom
// that of the smaller one, which is the wider interval.
double student_t95(double freedom);

// Whether two means differ by more than chance explains at 95 %, by Welch's test of samples of unequal
// variance; nullopt: fewer than kNoiseLeast measurements on a side.
std::optional<bool> differs_beyond_noise(const Spread& one, const Spread& other);

}  // namespace soliton
