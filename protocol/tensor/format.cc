#include "protocol/tensor/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "protocol/base/check.h"

namespace soliton {

namespace {

constexpr int kMinScaleBits = 2;
constexpr int kMaxScaleBits = 8;
// Far below the lanes at which the int32 sum of multiply() could overflow.
constexpr int kMaxBlock = 65536;
// value = integer * 2^scale stays an exact fp32 number down to the smallest scale, -127.
constexpr int kMaxIntegerBits = 15;

NumberFormat shared(std::string name, int exponent_bits, int mantissa_bits, int block,
                    int scale_bits) {
  NumberFormat format;
  format.name = std::move(name);
  format.exponent_bits = exponent_bits;
  format.mantissa_bits = mantissa_bits;
  format.block = block;
  format.scale_bits = scale_bits;
  return format;
}

std::string element_name(const NumberFormat& format) {
  return fmt::format("e{}m{}", format.exponent_bits, format.mantissa_bits);
}

// A fixed set of words for the values of one option, in the order of its enum.
template <std::size_t kCount>
using Words = std::array<std::string_view, kCount>;
constexpr Words<3> kRoundings{"even", "nearest", "floor"};
constexpr Words<2> kOverflows{"poison", "saturate"};
constexpr Words<2> kFlushes{"no", "yes"};
constexpr Words<5> kOptions{"block", "scale", "round", "overflow", "flush"};

template <std::size_t kCount>
std::string list(const Words<kCount>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

template <std::size_t kCount>
Result<std::size_t> word(std::string_view key, std::string_view value, const Words<kCount>& words) {
  const auto found = std::find(words.begin(), words.end(), value);
  if (found == words.end())
    return invalid(fmt::format("{}={} is none of {}", key, value, list(words)));
  return static_cast<std::size_t>(found - words.begin());
}

Result<int> number(std::string_view key, std::string_view value, int low, int high) {
  int parsed = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (error != std::errc{} || end != value.data() + value.size() || parsed < low || parsed > high)
    return invalid(fmt::format("{}={} is not a whole number from {} to {}", key, value, low, high));
  return parsed;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t comma = 0; comma != std::string_view::npos;) {
    comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    parts.push_back(part);
    if (comma != std::string_view::npos) text.remove_prefix(comma + 1);
  }
  return parts;
}

const NumberFormat* builtin(std::string_view name) {
  for (const NumberFormat& format : builtin_formats())
    if (format.name == name) return &format;
  return nullptr;
}

std::vector<std::string> builtin_names() {
  std::vector<std::string> names;
  for (const NumberFormat& format : builtin_formats()) names.push_back(format.name);
  return names;
}

// "e0m4" without its options; nothing when `text` does not look like an element.
std::optional<NumberFormat> parse_element(std::string_view text) {
  const std::size_t m = text.find('m');
  if (m == std::string_view::npos || m < 2 || text.front() != 'e') return std::nullopt;
  const Result<int> exponent = number("e", text.substr(1, m - 1), 0, 8);
  const Result<int> mantissa = number("m", text.substr(m + 1), 0, 52);
  if (!exponent || !mantissa) return std::nullopt;
  return shared("", *exponent, *mantissa, 0, 0);
}

// The minifloats of OCP MX v1.0 only: others have no agreed largest value.
bool known_element(const NumberFormat& format) {
  if (format.exponent_bits == 0)
    return format.mantissa_bits >= 1 && format.mantissa_bits <= kMaxIntegerBits;
  const int code = format.exponent_bits * 10 + format.mantissa_bits;
  return code == 21 || code == 23 || code == 32 || code == 43 || code == 52;
}

Status set_option(NumberFormat& format, std::string_view key, std::string_view value) {
  Result<std::size_t> chosen = std::size_t{0};
  Result<int> parsed = 0;
  if (key == "block") {
    parsed = value == "native" ? Result<int>(0) : number(key, value, 1, kMaxBlock);
    if (parsed) format.block = *parsed;
  } else if (key == "scale") {
    parsed = number(key, value, kMinScaleBits, kMaxScaleBits);
    if (parsed) format.scale_bits = *parsed;
  } else if (key == "round") {
    chosen = word(key, value, kRoundings);
    if (chosen) format.rounding = static_cast<Rounding>(*chosen);
  } else if (key == "overflow") {
    chosen = word(key, value, kOverflows);
    if (chosen) format.overflow = static_cast<Overflow>(*chosen);
  } else if (key == "flush") {
    chosen = word(key, value, kFlushes);
    if (chosen) format.flush = *chosen == 1;
  } else {
    return invalid(fmt::format("unknown option \"{}\"; options are {}", key, list(kOptions)));
  }
  if (!parsed) return tl::unexpected<Error>(parsed.error());
  if (!chosen) return tl::unexpected<Error>(chosen.error());
  return {};
}

// The built-in name plus what differs from it, or the element with its block and scale plus what
// differs from defaults.
std::string canonical_name(const NumberFormat& format, const NumberFormat* base) {
  const NumberFormat defaults = base != nullptr ? *base : NumberFormat{};
  std::string name = base != nullptr ? base->name : element_name(format);
  if (base == nullptr || format.block != base->block)
    name += format.block == 0 ? ",block=native" : fmt::format(",block={}", format.block);
  if (base == nullptr || format.scale_bits != base->scale_bits)
    name += fmt::format(",scale={}", format.scale_bits);
  if (format.rounding != defaults.rounding)
    name += fmt::format(",round={}", kRoundings[static_cast<std::size_t>(format.rounding)]);
  if (format.overflow != defaults.overflow)
    name += fmt::format(",overflow={}", kOverflows[static_cast<std::size_t>(format.overflow)]);
  if (format.flush != defaults.flush)
    name += fmt::format(",flush={}", kFlushes[format.flush ? 1 : 0]);
  return name;
}

Error unknown_format(const std::string& text) {
  const std::vector<std::string> names = builtin_names();
  const std::string nearest = nearest_name(text, names);
  return {ErrorCode::kInvalid,
          fmt::format("unknown number format \"{}\"{}; formats are {}, or a descriptor like "
                      "e0m4,block=16,scale=8",
                      text, nearest.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", nearest),
                      fmt::join(names, ", "))};
}

Error bad_format(const std::string& text, const std::string& why) {
  return {ErrorCode::kInvalid, fmt::format("number format \"{}\": {}", text, why)};
}

// Applies "key=value" parts; each key once.
Status apply_options(NumberFormat& format, std::span<const std::string_view> parts,
                     std::vector<std::string_view>& seen) {
  for (const std::string_view part : parts) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos)
      return invalid(fmt::format("\"{}\" is not key=value", part));
    const std::string_view key = part.substr(0, equals);
    if (std::find(seen.begin(), seen.end(), key) != seen.end())
      return invalid(fmt::format("\"{}\" is given twice", key));
    seen.push_back(key);
    if (Status set = set_option(format, key, part.substr(equals + 1)); !set) return set;
  }
  return {};
}

}  // namespace

std::int64_t NumberFormat::storage_bits(std::int64_t count, int block_size) const {
  SOLITON_CHECK(block_size > 0);
  return count * element_bits() + (count + block_size - 1) / block_size * scale_bits;
}

const std::vector<NumberFormat>& builtin_formats() {
  // Sources: numerics page, section 1 (ISCA'18, NeurIPS'20, OCP MX v1.0).
  static const std::vector<NumberFormat> formats{
      shared("ms-fp8", 0, 2, 0, 5),      shared("ms-fp9", 0, 3, 0, 5),
      shared("1s5e5m", 0, 5, 0, 5),      shared("msfp11", 0, 2, 16, 8),
      shared("msfp12", 0, 3, 16, 8),     shared("msfp13", 0, 4, 16, 8),
      shared("msfp14", 0, 5, 16, 8),     shared("msfp15", 0, 6, 16, 8),
      shared("msfp16", 0, 7, 16, 8),     shared("mxint8", 0, 7, 32, 8),
      shared("mxfp8-e4m3", 4, 3, 32, 8), shared("mxfp8-e5m2", 5, 2, 32, 8),
      shared("mxfp6-e3m2", 3, 2, 32, 8), shared("mxfp6-e2m3", 2, 3, 32, 8),
      shared("mxfp4", 2, 1, 32, 8),      shared("bfp16-amd", 0, 7, 8, 8),
  };
  return formats;
}

Result<NumberFormat> parse_format(const std::string& text) {
  const std::vector<std::string_view> parts = split(text);
  const NumberFormat* base = builtin(parts.front());
  const std::optional<NumberFormat> element = parse_element(parts.front());
  if (base == nullptr && !element)
    return tl::unexpected<Error>(unknown_format(std::string(parts.front())));
  NumberFormat format = base != nullptr ? *base : *element;
  if (!known_element(format))
    return tl::unexpected<Error>(bad_format(
        text, fmt::format("element {} is none of e0m1 to e0m{}, e2m1, e2m3, e3m2, e4m3, e5m2",
                          parts.front(), kMaxIntegerBits)));
  std::vector<std::string_view> seen;
  if (Status applied = apply_options(format, std::span(parts).subspan(1), seen); !applied)
    return tl::unexpected<Error>(bad_format(text, applied.error().message));
  for (const std::string_view required : {"block", "scale"})
    if (base == nullptr && std::find(seen.begin(), seen.end(), required) == seen.end())
      return tl::unexpected<Error>(bad_format(text, fmt::format("{}= is missing", required)));
  format.name = canonical_name(format, base);
  return format;
}

}  // namespace soliton
