#include "protocol/base/quantity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

#include "protocol/base/check.h"

namespace soliton {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t scale;  // in the smallest unit of the quantity
};

constexpr std::array<Unit, 8> kTimeUnits{{{"ps", 1},
                                          {"ns", 1'000},
                                          {"us", 1'000'000},
                                          {"ms", 1'000'000'000},
                                          {"s", 1'000'000'000'000},
                                          {"min", 60'000'000'000'000},
                                          {"h", 3'600'000'000'000'000},
                                          {"d", 86'400'000'000'000'000}}};
constexpr std::array<Unit, 9> kByteUnits{{{"B", 1},
                                          {"kB", 1'000},
                                          {"KiB", 1'024},
                                          {"MB", 1'000'000},
                                          {"MiB", 1 << 20},
                                          {"GB", 1'000'000'000},
                                          {"GiB", 1 << 30},
                                          {"TB", 1'000'000'000'000},
                                          {"TiB", std::int64_t{1} << 40}}};
constexpr std::array<Unit, 4> kEventUnits{
    {{"/s", 1}, {"k/s", 1'000}, {"M/s", 1'000'000}, {"G/s", 1'000'000'000}}};
constexpr std::array<Unit, 10> kRateUnits{{{"b/s", 1},
                                           {"B/s", 8},
                                           {"kb/s", 1'000},
                                           {"kB/s", 8'000},
                                           {"Mb/s", 1'000'000},
                                           {"MB/s", 8'000'000},
                                           {"Gb/s", 1'000'000'000},
                                           {"GB/s", 8'000'000'000},
                                           {"Tb/s", 1'000'000'000'000},
                                           {"TB/s", 8'000'000'000'000}}};
constexpr std::array<Unit, 5> kSpelledRateUnits{{{"b/s", 1},
                                                 {"kb/s", 1'000},
                                                 {"Mb/s", 1'000'000},
                                                 {"Gb/s", 1'000'000'000},
                                                 {"Tb/s", 1'000'000'000'000}}};
constexpr std::array<Unit, 4> kFrequencyUnits{
    {{"Hz", 1}, {"kHz", 1'000}, {"MHz", 1'000'000}, {"GHz", 1'000'000'000}}};
constexpr std::array<Unit, 1> kShareUnits{{{"%", 10'000'000}}};

std::string unit_list(std::span<const Unit> units) {
  std::string out;
  for (const Unit& unit : units) out += (out.empty() ? "" : ", ") + std::string(unit.name);
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

Result<std::int64_t> scaled(std::string_view text, double number, const Unit& unit) {
  const double value = number * static_cast<double>(unit.scale);
  // Just below 2^63, the limit of the integer; written so that NaN fails too.
  if (!(std::abs(value) < 9.2e18)) return invalid(fmt::format("\"{}\" is out of range", text));
  const double rounded = std::round(value);
  if (value != 0 && rounded == 0)
    return invalid(fmt::format("\"{}\" is smaller than the smallest step", text));
  return static_cast<std::int64_t>(rounded);
}

// The micro sign and the Greek letter mu are accepted for "u".
std::string unit_name(std::string_view text) {
  for (const std::string_view micro : {"\xc2\xb5", "\xce\xbc"})
    if (text.starts_with(micro)) return fmt::format("u{}", text.substr(micro.size()));
  return std::string(text);
}

// "12.5 us" -> 12.5 * scale of "us". The number and its unit may be separated by blanks.
Result<std::int64_t> parse(std::string_view text, std::string_view what,
                           std::span<const Unit> units) {
  const std::string_view body = trimmed(text);
  double number = 0;
  const auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), number);
  const std::string expected =
      fmt::format("{} is a number with a unit ({})", what, unit_list(units));
  if (error != std::errc{} || !std::isfinite(number))
    return invalid(fmt::format("\"{}\": {}", text, expected));
  const std::string name = unit_name(
      trimmed(std::string_view(end, static_cast<std::size_t>(body.data() + body.size() - end))));
  if (name.empty()) return invalid(fmt::format("\"{}\" has no unit: {}", text, expected));
  for (const Unit& unit : units)
    if (unit.name == name) return scaled(text, number, unit);
  std::vector<std::string> names;
  for (const Unit& unit : units) names.emplace_back(unit.name);
  const std::string near = nearest_name(name, names);
  return invalid(fmt::format("\"{}\": no unit \"{}\"; {}{}", text, name, expected,
                             near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)));
}

template <typename T>
Result<T> parse_as(std::string_view text, std::string_view what, std::span<const Unit> units) {
  const Result<std::int64_t> value = parse(text, what, units);
  if (!value) return tl::unexpected<Error>(value.error());
  if (*value < 0) return invalid(fmt::format("\"{}\" is negative", text));
  return T{*value};
}

// Shortest exact spelling: the largest unit of which `value` is a multiple of a thousandth.
std::string spell_in(std::int64_t value, std::span<const Unit> units) {
  std::string best = fmt::format("{} {}", value, units.front().name);
  for (const Unit& unit : units) {
    if (unit.scale > value && value != 0) continue;
    const double number = static_cast<double>(value) / static_cast<double>(unit.scale);
    std::string text = fmt::format("{} {}", number, unit.name);
    // Only spellings that parse back to exactly this value are candidates.
    if (std::llround(number * static_cast<double>(unit.scale)) == value &&
        text.size() < best.size())
      best = text;
  }
  return best;
}

constexpr std::uint64_t kPicosecondsPerSecond = 1'000'000'000'000;
constexpr std::int64_t kQuickBytes = 1'000'000;
constexpr std::int64_t kQuickRate = 1'000'000'000'000'000'000;

}  // namespace

Duration transmit_time(Bytes size, BitRate rate) {
  SOLITON_CHECK(rate.bits_per_second > 0);
  // Of a packet, without the slow division of 128 bits: below 2^63 with any rate added.
  if (0 <= size.count && size.count <= kQuickBytes && rate.bits_per_second <= kQuickRate) {
    const auto bits = static_cast<std::uint64_t>(size.count) * (8 * kPicosecondsPerSecond);
    const auto per_second = static_cast<std::uint64_t>(rate.bits_per_second);
    return Duration{static_cast<std::int64_t>((bits + per_second - 1) / per_second)};
  }
  const __int128 scaled_bits = static_cast<__int128>(size.count) * 8 * 1'000'000'000'000;
  const __int128 time = (scaled_bits + rate.bits_per_second - 1) / rate.bits_per_second;
  return Duration{static_cast<std::int64_t>(std::min<__int128>(time, kLongestTime.count()))};
}

Result<Duration> parse_duration(std::string_view text) {
  return parse_as<Duration>(text, "a time", kTimeUnits);
}
Result<Bytes> parse_bytes(std::string_view text) {
  return parse_as<Bytes>(text, "a size", kByteUnits);
}
Result<BitRate> parse_bit_rate(std::string_view text) {
  return parse_as<BitRate>(text, "a rate", kRateUnits);
}
Result<Frequency> parse_frequency(std::string_view text) {
  return parse_as<Frequency>(text, "a frequency", kFrequencyUnits);
}
Result<EventRate> parse_event_rate(std::string_view text) {
  return parse_as<EventRate>(text, "a rate of events", kEventUnits);
}
Result<Probability> parse_probability(std::string_view text) {
  Result<Probability> p = parse_as<Probability>(text, "a share", kShareUnits);
  if (p && p->parts_per_billion > 1'000'000'000)
    return invalid(fmt::format("\"{}\" is above 100 %", text));
  return p;
}

std::string describe(Bytes size) {
  if (size.count < 1024) return fmt::format("{} bytes", size.count);
  const char* const names[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(size.count) / 1024;
  int unit = 0;
  for (; value >= 1024 && unit < 4; ++unit) value /= 1024;
  return fmt::format("{} bytes ({:.1f} {})", size.count, value, names[unit]);
}

std::string spell(Bytes size) { return spell_in(size.count, kByteUnits); }
std::string spell(BitRate rate) { return spell_in(rate.bits_per_second, kSpelledRateUnits); }
std::string spell(Frequency frequency) { return spell_in(frequency.hertz, kFrequencyUnits); }
std::string spell(EventRate rate) { return spell_in(rate.per_second, kEventUnits); }
std::string spell(Duration duration) {
  return spell_in(duration.count(), std::span(kTimeUnits).first(5));
}
std::string spell(Probability probability) {
  return fmt::format("{} %", static_cast<double>(probability.parts_per_billion) / 1e7);
}

std::string to_string(Duration d) {
  const double magnitude = std::abs(static_cast<double>(d.count()));
  std::size_t unit = 0;
  while (unit < 4 && magnitude >= static_cast<double>(kTimeUnits[unit + 1].scale)) ++unit;
  return fmt::format("{:.4g} {}",
                     static_cast<double>(d.count()) / static_cast<double>(kTimeUnits[unit].scale),
                     kTimeUnits[unit].name);
}

Result<std::uint64_t> parse_unsigned(std::string_view text) {
  std::string_view digits = text;
  const int base = digits.starts_with("0x") ? 16 : 10;
  if (base == 16) digits.remove_prefix(2);
  std::uint64_t number = 0;
  const auto [end, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (problem != std::errc{} || end != digits.data() + digits.size())
    return invalid(fmt::format("\"{}\" is not a whole number between 0 and {}", text, UINT64_MAX));
  return number;
}

Result<std::int64_t> parse_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  const int base = digits.starts_with("0x") ? 16 : 10;
  const std::string_view bare = digits.substr(base == 16 ? 2 : 0);
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(bare.data(), bare.data() + bare.size(), number, base);
  if (problem == std::errc::result_out_of_range || (problem == std::errc{} && number > INT64_MAX))
    return invalid(fmt::format("{} is too large", text));
  if (problem != std::errc{} || end != bare.data() + bare.size())
    return invalid(fmt::format("\"{}\" is not a whole number", text));
  const auto value = static_cast<std::int64_t>(number);
  return negative ? -value : value;
}

}  // namespace soliton
