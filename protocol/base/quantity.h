// Quantities with units, as distinct types, and their spelling in files: `40 Gb/s`, `11 MiB`, `250
// MHz`, `2.5 us`, `1 %`.
//
// A bare number is never a quantity: parse_*() refuses it and says which units are allowed.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace soliton {

struct Bytes {
  std::int64_t count = 0;
  auto operator<=>(const Bytes&) const = default;
  constexpr Bytes& operator+=(Bytes other) {
    count += other.count;
    return *this;
  }
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return {a.count + b.count}; }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return {a.count - b.count}; }
};

struct BitRate {
  std::int64_t bits_per_second = 0;
  auto operator<=>(const BitRate&) const = default;
};

// The limits of rates in files: 1 kb/s to 100 Tb/s.
inline constexpr BitRate kSlowestRate{1'000};
inline constexpr BitRate kFastestRate{std::int64_t{100'000} * 1'000'000'000};

struct Frequency {
  std::int64_t hertz = 0;
  auto operator<=>(const Frequency&) const = default;
};

// How often something happens.
struct EventRate {
  std::int64_t per_second = 0;
  auto operator<=>(const EventRate&) const = default;
};

// A probability or share, in parts per billion, so that decisions taken with it need no floating
// point.
struct Probability {
  std::int64_t parts_per_billion = 0;
  auto operator<=>(const Probability&) const = default;
};

// Time to put `size` on a line of rate `rate`, rounded up to a whole picosecond, at most
// kLongestTime. REQUIRES: rate > 0.
Duration transmit_time(Bytes size, BitRate rate);

// Whole numbers as files spell them: decimal or 0x, without signs but "-", underscores or commas.
Result<std::int64_t> parse_integer(std::string_view text);
Result<std::uint64_t> parse_unsigned(std::string_view text);
// Units: ps ns us ms s min h d.
Result<Duration> parse_duration(std::string_view text);
// Units: B kB MB GB TB (powers of 1000), KiB MiB GiB TiB.
Result<Bytes> parse_bytes(std::string_view text);
// Units: b/s kb/s Mb/s Gb/s Tb/s, and B/s kB/s MB/s GB/s TB/s.
Result<BitRate> parse_bit_rate(std::string_view text);
// Units: Hz kHz MHz GHz.
Result<Frequency> parse_frequency(std::string_view text);
// Units: /s k/s M/s.
Result<EventRate> parse_event_rate(std::string_view text);
// Unit: %, between 0 % and 100 %.
Result<Probability> parse_probability(std::string_view text);

// "4128768 bytes (3.9 MiB)"; below 1024 just "12 bytes".
std::string describe(Bytes size);
// Shortest spelling that parses back to the same value: "11 MiB", "40 Gb/s", "250 MHz", "2.5 us",
// "1 %".
std::string spell(Bytes size);
std::string spell(BitRate rate);
std::string spell(Frequency frequency);
std::string spell(EventRate rate);
std::string spell(Duration duration);
std::string spell(Probability probability);

}  // namespace soliton
