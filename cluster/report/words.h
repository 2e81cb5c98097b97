// Numbers and lists as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/time.h"

namespace soliton {

// "214,511"
std::string group_thousands(std::int64_t value);
// With `digits` significant digits and thousands grouped, never in exponent form: "0.019", "35.9",
// "31,300"; "-" when not finite.
std::string significant(double value, int digits);
// The same without zeros at the end: "2", "0.5". For the ticks of an axis.
std::string brief(double value, int digits);
// A share of one as "35 %", below 10 % with one decimal; "-" when not finite.
std::string percent(double share);

// The unit that fits a group of times printed side by side, by one of them.
struct TimeUnit {
  const char* name;
  Duration size;
  static TimeUnit fitting(Duration typical);  // us below 10 ms, then ms, s above 10 s
  // Without the name: "31.9", "4.57", "1,250".
  std::string spell(Duration value) const;
};
// "38.4 ms"
std::string spell_time(Duration value);

// Names in order, runs of consecutive numbers as ranges: "fpga0-3, fpga7".
std::string name_ranges(const std::vector<std::string>& names);
// "a", "a and b", "a, b and c".
std::string join_and(const std::vector<std::string>& words);

}  // namespace soliton
