// Random choices for one generated case, determined by its seed alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "protocol/base/rng.h"

namespace soliton {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed, "legal extremes") {}

  // REQUIRES: bound > 0.
  std::uint64_t below(std::uint64_t bound) { return random_.below(next_++, bound); }
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  const char* word(std::initializer_list<const char*> words) {
    return words.begin()[below(words.size())];
  }
  std::int64_t number(std::initializer_list<std::int64_t> numbers) {
    return numbers.begin()[below(numbers.size())];
  }

 private:
  Random random_;
  std::uint64_t next_ = 0;
};

}  // namespace soliton
