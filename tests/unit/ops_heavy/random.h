// Arrays of chance for comparisons with an oracle.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "partition/ir/array.h"
#include "protocol/base/rng.h"

namespace soliton::ir {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed, "operators") {}
  // In [-1, 1), as multiples of 2^-12: products and short sums of them are exact in double.
  double real() {
    return static_cast<double>(static_cast<std::int64_t>(random_.below(next_++, 8192)) - 4096) /
           4096;
  }
  std::int64_t whole(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(
                     random_.below(next_++, static_cast<std::uint64_t>(high - low + 1)));
  }
  template <typename T = float>
  std::vector<T> reals(std::size_t count) {
    std::vector<T> out(count);
    for (T& value : out) value = static_cast<T>(real());
    return out;
  }
  Array array(const Shape& shape) {
    return Array::of(shape, reals<float>(static_cast<std::size_t>(
                                Array::unknown(ElementType::kFloat32, shape).elements())));
  }
  template <typename T>
  Array codes(const Shape& shape, std::int64_t low, std::int64_t high) {
    std::vector<T> out(
        static_cast<std::size_t>(Array::unknown(ElementType::kFloat32, shape).elements()));
    for (T& value : out) value = static_cast<T>(whole(low, high));
    return Array::of(shape, std::move(out));
  }

 private:
  Random random_;
  std::uint64_t next_ = 0;
};

// The largest difference over the largest magnitude, which is how results are compared with those of
// other engines.
inline double distance(const Array& got, const std::vector<double>& want) {
  const Array wide = converted(got, ElementType::kFloat64);
  const std::span<const double> values = wide.as<double>();
  if (values.size() != want.size()) return 1e300;
  double largest = 0, difference = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    largest = std::max(largest, std::abs(want[i]));
    difference = std::max(difference, std::abs(values[i] - want[i]));
  }
  return largest == 0 ? difference : difference / largest;
}

inline std::vector<double> doubles(const Array& array) {
  const Array wide = converted(array, ElementType::kFloat64);
  return {wide.as<double>().begin(), wide.as<double>().end()};
}

}  // namespace soliton::ir
