#include "protocol/tensor/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

#include "protocol/base/check.h"
#include "protocol/tensor/block_scale.h"
#include "protocol/tensor/element.h"

namespace soliton {

namespace {

constexpr int kMinScaleBits = 2;
constexpr int kMaxScaleBits = 8;
// Far below the lanes at which the int32 sum of multiply() could overflow.
constexpr int kMaxBlock = 65536;
constexpr int kMaxExponentBits = 8;
// Elements are fp32 numbers: 23 bits after the leading one, and a step no smaller than 2^-149.
constexpr int kMaxMantissaBits = 23;
constexpr int kSmallestFloatExponent = -149;

NumberFormat format_of(std::string name, int exponent_bits, int mantissa_bits, int block,
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

std::string scale_name(const NumberFormat& format) {
  if (format.scale() == Scale::kNone) return "none";
  return format.scale() == Scale::kFloat ? "float" : std::to_string(format.scale_bits);
}

// A fixed set of words for the values of one option, in the order of its enum.
template <std::size_t kCount>
using Words = std::array<std::string_view, kCount>;
constexpr Words<4> kRoundings{"even", "nearest", "floor", "dither"};
constexpr Words<2> kOverflows{"poison", "saturate"};
constexpr Words<4> kFlushes{"no", "yes", "0", "1"};
constexpr Words<6> kOptions{"block", "scale", "round", "overflow", "flush", "seed"};

template <std::size_t kCount>
std::string list(const Words<kCount>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

template <std::size_t kCount>
Result<std::size_t> word(std::string_view key, std::string_view value, const Words<kCount>& words) {
  const auto found = std::find(words.begin(), words.end(), value);
  if (found == words.end())
    return invalid(fmt::format("{}={} is not one of {}", key, value, list(words)));
  return static_cast<std::size_t>(found - words.begin());
}

template <typename T>
Result<T> number(std::string_view key, std::string_view value, T low, T high) {
  T parsed = 0;
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

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

const NumberFormat* builtin(std::string_view name) {
  for (const NumberFormat& format : builtin_formats())
    if (format.name == name) return &format;
  return nullptr;
}

// "e0m4" without its options; nullopt if `text` does not look like an element.
std::optional<NumberFormat> parse_element(std::string_view text) {
  const std::size_t m = text.find('m');
  if (m == std::string_view::npos || m < 2 || text.front() != 'e') return std::nullopt;
  const Result<int> exponent = number("e", text.substr(1, m - 1), 0, 99);
  const Result<int> mantissa = number("m", text.substr(m + 1), 0, 99);
  if (!exponent || !mantissa) return std::nullopt;
  return format_of("", *exponent, *mantissa, 0, 0);
}

Status set_scale(NumberFormat& format, std::string_view value) {
  if (value == "float" || value == "none") {
    format.scale_bits = value == "float" ? NumberFormat::kFloatScaleBits : 0;
    return {};
  }
  const Result<int> bits = number("scale", value, kMinScaleBits, kMaxScaleBits);
  if (!bits) return invalid(bits.error().message + ", nor float or none");
  format.scale_bits = *bits;
  return {};
}

Status set_option(NumberFormat& format, std::string_view key, std::string_view value) {
  Result<std::size_t> chosen = std::size_t{0};
  Result<int> parsed = 0;
  Result<std::uint64_t> seed = std::uint64_t{0};
  if (key == "block") {
    parsed = value == "native" ? Result<int>(0) : number(key, value, 1, kMaxBlock);
    if (parsed) format.block = *parsed;
  } else if (key == "scale") {
    return set_scale(format, value);
  } else if (key == "round") {
    chosen = word(key, value, kRoundings);
    if (chosen) format.rounding = static_cast<Rounding>(*chosen);
  } else if (key == "overflow") {
    chosen = word(key, value, kOverflows);
    if (chosen) format.overflow = static_cast<Overflow>(*chosen);
  } else if (key == "flush") {
    chosen = word(key, value, kFlushes);
    if (chosen) format.flush = *chosen % 2 == 1;
  } else if (key == "seed") {
    seed = number(key, value, std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max());
    if (seed) format.dither_seed = *seed;
  } else {
    return invalid(fmt::format("unknown option \"{}\"; options are {}", key, list(kOptions)));
  }
  if (!parsed) return tl::unexpected<Error>(parsed.error());
  if (!chosen) return tl::unexpected<Error>(chosen.error());
  if (!seed) return tl::unexpected<Error>(seed.error());
  return {};
}

// The built-in name plus what differs from it, or the element with its block and scale plus what
// differs from defaults.
std::string canonical_name(const NumberFormat& format, const NumberFormat* base) {
  const NumberFormat defaults = base != nullptr ? *base : NumberFormat{};
  const bool has_block = format.scale() != Scale::kNone;
  std::string name = base != nullptr ? base->name : element_name(format);
  if (has_block && (base == nullptr || format.block != base->block))
    name += format.block == 0 ? ",block=native" : fmt::format(",block={}", format.block);
  if (base == nullptr || format.scale_bits != base->scale_bits)
    name += ",scale=" + scale_name(format);
  if (format.rounding != defaults.rounding)
    name += fmt::format(",round={}", rounding_name(format.rounding));
  if (format.rounding == Rounding::kDither && format.dither_seed != defaults.dither_seed)
    name += fmt::format(",seed={}", format.dither_seed);
  if (format.overflow != defaults.overflow)
    name += fmt::format(",overflow={}", overflow_name(format.overflow));
  if (format.flush != defaults.flush)
    name += fmt::format(",flush={}", kFlushes[format.flush ? 1 : 0]);
  return name;
}

Error unknown_format(const std::string& text) {
  std::vector<std::string> names;
  for (const NumberFormat& format : builtin_formats()) names.push_back(format.name);
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

using Keys = std::vector<std::string_view>;

bool contains(const Keys& keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// Applies "key=value" parts; each key once, except those in `overridden`.
Status apply_options(NumberFormat& format, std::span<const std::string_view> parts,
                     const Keys& overridden, Keys& seen) {
  for (const std::string_view part : parts) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos)
      return invalid(fmt::format("\"{}\" is not key=value", part));
    const std::string_view key = part.substr(0, equals);
    if (contains(seen, key)) return invalid(fmt::format("\"{}\" is given twice", key));
    seen.push_back(key);
    NumberFormat unused;
    NumberFormat& target = contains(overridden, key) ? unused : format;
    if (Status set = set_option(target, key, part.substr(equals + 1)); !set) return set;
  }
  return {};
}

Status check_element(const NumberFormat& format) {
  const bool integer = format.exponent_bits == 0 && format.mantissa_bits >= 1;
  if ((integer || format.exponent_bits >= 1) && format.exponent_bits <= kMaxExponentBits &&
      format.mantissa_bits <= kMaxMantissaBits)
    return {};
  return invalid(
      fmt::format("element {} is not one of e0m1 to e0m{} (sign and magnitude bits), e1m0 "
                  "to e{}m{} (sign, exponent and fraction bits)",
                  element_name(format), kMaxMantissaBits, kMaxExponentBits, kMaxMantissaBits));
}

// What a descriptor must say and does not.
Status check_complete(const NumberFormat& format, const Keys& given) {
  const bool has_scale = contains(given, "scale");
  const bool needs_block = has_scale ? format.scale() != Scale::kNone : format.exponent_bits == 0;
  if (needs_block && !contains(given, "block"))
    return invalid(has_scale ? "block= is missing" : "block= and scale= are missing");
  if (!has_scale) return invalid("scale= is missing");
  return {};
}

// Options that must or must not go together.
Status check_together(const NumberFormat& format, const Keys& given) {
  const bool unscaled = format.scale() == Scale::kNone;
  if (unscaled && contains(given, "block"))
    return invalid("block= has no effect without a scale that a block shares");
  if (unscaled && format.exponent_bits == 0)
    return invalid("an integer element needs a scale: scale=2 to 8, or float");
  if (format.rounding != Rounding::kDither && contains(given, "seed"))
    return invalid("seed= has no effect without round=dither");
  if (format.scale() == Scale::kFloat) return {};
  const int step = element_of(format).quantum_exponent();
  if (step - (unscaled ? 0 : scale_limit(format)) >= kSmallestFloatExponent) return {};
  return invalid(
      fmt::format("steps of 2^{} under a shared exponent of {} bits are below 2^{}, the "
                  "smallest fp32 number; use fewer scale bits, or scale=float",
                  step, format.scale_bits, kSmallestFloatExponent));
}

}  // namespace

std::int64_t NumberFormat::storage_bits(std::int64_t count, int block_size) const {
  SOLITON_CHECK(block_size > 0);
  return count * element_bits() + (count + block_size - 1) / block_size * scale_bits;
}

const std::vector<NumberFormat>& builtin_formats() {
  constexpr int kFloat = NumberFormat::kFloatScaleBits;
  // Sources: ISCA'18, NeurIPS'20, OCP MX v1.0 (docs/numbers.md); IEEE 754.
  static const std::vector<NumberFormat> formats{
      format_of("ms-fp8", 0, 2, 0, 5),      format_of("ms-fp9", 0, 3, 0, 5),
      format_of("1s5e5m", 0, 5, 0, 5),      format_of("msfp11", 0, 2, 16, 8),
      format_of("msfp12", 0, 3, 16, 8),     format_of("msfp13", 0, 4, 16, 8),
      format_of("msfp14", 0, 5, 16, 8),     format_of("msfp15", 0, 6, 16, 8),
      format_of("msfp16", 0, 7, 16, 8),     format_of("mxint8", 0, 7, 32, 8),
      format_of("mxfp8-e4m3", 4, 3, 32, 8), format_of("mxfp8-e5m2", 5, 2, 32, 8),
      format_of("mxfp6-e3m2", 3, 2, 32, 8), format_of("mxfp6-e2m3", 2, 3, 32, 8),
      format_of("mxfp4", 2, 1, 32, 8),      format_of("bfp16-amd", 0, 7, 8, 8),
      format_of("int8", 0, 7, 0, kFloat),   format_of("int16", 0, 15, 0, kFloat),
      format_of("float16", 5, 10, 0, 0),    format_of("bfloat16", 8, 7, 0, 0),
      format_of("fp32", 8, 23, 0, 0),
  };
  return formats;
}

Result<NumberFormat> parse_format(const std::string& spelled,
                                  const std::vector<std::string>& overrides) {
  const std::string text = lower_case(spelled);
  const std::vector<std::string_view> parts = split(text);
  const NumberFormat* base = builtin(parts.front());
  const std::optional<NumberFormat> element = parse_element(parts.front());
  if (base == nullptr && !element)
    return tl::unexpected<Error>(unknown_format(std::string(parts.front())));
  NumberFormat format = base != nullptr ? *base : *element;
  const auto refuse = [&](const Status& status) {
    return tl::unexpected<Error>(bad_format(spelled, status.error().message));
  };
  if (const Status known = check_element(format); !known) return refuse(known);
  const std::vector<std::string_view> above(overrides.begin(), overrides.end());
  Keys overridden, given;
  if (const Status set = apply_options(format, above, {}, overridden); !set) return refuse(set);
  const Status set = apply_options(format, std::span(parts).subspan(1), overridden, given);
  if (!set) return refuse(set);
  given.insert(given.end(), overridden.begin(), overridden.end());
  if (format.scale() == Scale::kNone && !contains(given, "block")) format.block = 0;
  if (base == nullptr)
    if (const Status complete = check_complete(format, given); !complete) return refuse(complete);
  if (const Status fits = check_together(format, given); !fits) return refuse(fits);
  format.name = canonical_name(format, base);
  return format;
}

std::string_view rounding_name(Rounding rounding) {
  return kRoundings[static_cast<std::size_t>(rounding)];
}

std::string_view overflow_name(Overflow overflow) {
  return kOverflows[static_cast<std::size_t>(overflow)];
}

std::string describe(const NumberFormat& format) {
  const std::string element = format.exponent_bits == 0
                                  ? fmt::format("sign + {} magnitude bits", format.mantissa_bits)
                                  : fmt::format("sign + {} exponent + {} fraction bits",
                                                format.exponent_bits, format.mantissa_bits);
  const std::string block =
      format.block == 0 ? "a native vector" : fmt::format("{} values", format.block);
  switch (format.scale()) {
    case Scale::kNone:
      return element + ", no scale";
    case Scale::kFloat:
      return fmt::format("{}, fp32 scale shared by {}", element, block);
    case Scale::kPowerOfTwo:
      break;
  }
  return fmt::format("{}, {}-bit exponent shared by {}", element, format.scale_bits, block);
}

}  // namespace soliton
