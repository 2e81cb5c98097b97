#include "cluster/report/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "protocol/math/math.h"

namespace soliton {
namespace {

// "fpga12" as ("fpga", 12). Numbers with leading zeros are part of the name.
struct NumberedName {
  std::string stem;
  std::int64_t number = -1;
};

NumberedName split_number(const std::string& name) {
  constexpr std::size_t kDigitsLimit = 9;
  const std::size_t last = name.find_last_not_of("0123456789");
  const std::size_t start = last == std::string::npos ? 0 : last + 1;
  const std::size_t digits = name.size() - start;
  if (digits == 0 || digits > kDigitsLimit || (digits > 1 && name[start] == '0')) return {name, -1};
  return {name.substr(0, start), std::stoll(name.substr(start))};
}

std::string group_digits(const std::string& digits) {
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string fixed(double value, int decimals) {
  const std::string text = fmt::format("{:.{}f}", std::abs(value), decimals);
  const std::size_t point = std::min(text.find('.'), text.size());
  const bool zero = text.find_first_not_of("0.") == std::string::npos;
  return fmt::format("{}{}{}", value < 0 && !zero ? "-" : "", group_digits(text.substr(0, point)),
                     text.substr(point));
}

}  // namespace

std::string group_thousands(std::int64_t value) {
  const std::string text = std::to_string(value);
  return value < 0 ? fmt::format("-{}", group_digits(text.substr(1))) : group_digits(text);
}

std::string significant(double value, int digits) {
  if (!std::isfinite(value)) return "-";
  if (value == 0) return "0";
  const int exponent = static_cast<int>(std::floor(math::log10(std::abs(value))));
  constexpr int kDecimalsLimit = 12;
  if (exponent + 1 >= digits) {
    const double scale = math::pow(10.0, exponent + 1 - digits);
    return fixed(std::round(value / scale) * scale, 0);
  }
  return fixed(value, std::min(digits - 1 - exponent, kDecimalsLimit));
}

std::string brief(double value, int digits) {
  std::string out = significant(value, digits);
  if (out.find('.') == std::string::npos) return out;
  out.erase(out.find_last_not_of('0') + 1);
  if (out.ends_with('.')) out.pop_back();
  return out;
}

std::string percent(double share) {
  if (!std::isfinite(share)) return "-";
  const double value = share * 100;
  const bool small = std::abs(value) < 9.95 && value != 0;
  return fixed(value, small ? 1 : 0) + " %";
}

TimeUnit TimeUnit::fitting(Duration typical) {
  if (typical < milliseconds(10)) return {"us", microseconds(1)};
  if (typical < milliseconds(10'000)) return {"ms", milliseconds(1)};
  return {"s", milliseconds(1000)};
}

std::string TimeUnit::spell(Duration value) const {
  const double count = static_cast<double>(value.count()) / static_cast<double>(size.count());
  if (std::abs(count) < 9.995) return fixed(count, 2);
  return fixed(count, std::abs(count) < 999.95 ? 1 : 0);
}

std::string spell_time(Duration value) {
  const TimeUnit unit = TimeUnit::fitting(value);
  return unit.spell(value) + " " + unit.name;
}

std::string name_ranges(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t first = 0; first < names.size();) {
    const NumberedName start = split_number(names[first]);
    std::size_t next = first + 1;
    while (start.number >= 0 && next < names.size() &&
           names[next] == fmt::format("{}{}", start.stem,
                                      start.number + static_cast<std::int64_t>(next - first)))
      ++next;
    if (!out.empty()) out += ", ";
    out += names[first];
    if (next - first > 1)
      out += fmt::format("-{}", start.number + static_cast<std::int64_t>(next - first) - 1);
    first = next;
  }
  return out;
}

std::string join_and(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " and " : ", ";
    out += words[i];
  }
  return out;
}

}  // namespace soliton
