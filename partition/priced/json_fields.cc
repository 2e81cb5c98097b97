#include "partition/priced/json_fields.h"

#include <fmt/format.h>

#include "protocol/base/suggestion.h"

namespace soliton::priced {
namespace {

using Kind = LocatedJson::Kind;

constexpr int kMillisecondToPicosecond = 9;  // power of ten
constexpr std::int64_t kCountMost = 1'000'000;

}  // namespace

const LocatedJson* JsonFields::required(const LocatedJson& object, const char* key,
                                        const std::string& what) {
  const LocatedJson* found = object.find(key);
  if (found == nullptr)
    report(object, fmt::format("{} has no \"{}\"{}", what, key, did_you_mean(key, object.keys)));
  return found;
}

const LocatedJson* JsonFields::of_kind(const LocatedJson& object, const char* key, Kind kind,
                                       const std::string& what) {
  const LocatedJson* found = required(object, key, what);
  if (found == nullptr || found->kind == kind) return found;
  report(*found, fmt::format("{}: \"{}\" is {}; it must be {}", what, key, kind_name(found->kind),
                             kind_name(kind)));
  return nullptr;
}

std::optional<std::string> JsonFields::id(const LocatedJson& object, const char* key,
                                          const std::string& what) {
  const LocatedJson* found = required(object, key, what);
  if (found == nullptr) return std::nullopt;
  const bool whole = found->kind == Kind::kNumber &&
                     found->text.find_first_not_of("0123456789") == std::string::npos;
  if (whole || (found->kind == Kind::kText && !found->text.empty())) return found->text;
  report(*found, fmt::format("{}: \"{}\" must be a whole number from 0 or a text", what, key));
  return std::nullopt;
}

std::optional<Duration> JsonFields::time(const LocatedJson& object, const char* key,
                                         const std::string& what) {
  const LocatedJson* found = of_kind(object, key, Kind::kNumber, what);
  if (found == nullptr) return std::nullopt;
  const std::int64_t ps = scaled_decimal(found->text, kMillisecondToPicosecond, Rounding::kNearest);
  if (ps >= 0 && ps < kNumberLimit && !found->text.starts_with('-')) return Duration{ps};
  if (ps == 0) return Duration{};  // -0
  report(*found, fmt::format("{}: \"{}\" is {} ms; a time lies between 0 and 4.6e9 ms", what, key,
                             found->text));
  return std::nullopt;
}

std::optional<std::int64_t> JsonFields::size(const LocatedJson& object, const char* key,
                                             Rounding rounding, const std::string& what) {
  const LocatedJson* found = required(object, key, what);
  if (found == nullptr) return std::nullopt;
  if (found->kind == Kind::kNumber) {
    const std::int64_t bytes = scaled_decimal(found->text, 0, rounding);
    const bool negative = found->text.starts_with('-') &&
                          found->text.find_first_of("123456789") < found->text.find_first_of("eE");
    const bool too_large = bytes >= kNumberLimit &&
                           scaled_decimal(found->text, -1, Rounding::kUp) > kNumberLimit / 10 + 1;
    if (!negative && !too_large) return bytes;
  }
  const bool spelled = found->kind == Kind::kNumber || found->kind == Kind::kText;
  report(*found, fmt::format("{}: memory {} is not a size; \"{}\" is a number of bytes between 0 "
                             "and 2^62",
                             what, spelled ? found->text : kind_name(found->kind), key));
  return std::nullopt;
}

std::optional<std::int64_t> JsonFields::count(const LocatedJson& object, const char* key,
                                              const std::string& what) {
  const LocatedJson* found = of_kind(object, key, Kind::kNumber, what);
  if (found == nullptr) return std::nullopt;
  const std::int64_t down = scaled_decimal(found->text, 0, Rounding::kDown);
  const std::int64_t up = scaled_decimal(found->text, 0, Rounding::kUp);
  if (down == up && down >= 0 && down <= kCountMost) return down;
  report(*found, fmt::format("{}: \"{}\" is {}; it must be a whole number between 0 and {}", what,
                             key, found->text, kCountMost));
  return std::nullopt;
}

std::optional<bool> JsonFields::flag(const LocatedJson& object, const char* key,
                                     const std::string& what) {
  const LocatedJson* found = required(object, key, what);
  if (found == nullptr) return std::nullopt;
  if (found->kind == Kind::kFlag) return found->flag;
  if (found->kind == Kind::kNumber) {
    // Also 1.0, as some programs write it.
    const std::int64_t tenths = scaled_decimal(found->text, 1, Rounding::kUp);
    if (tenths == 0 || tenths == 10) return tenths == 10;
  }
  report(*found, fmt::format("{}: \"{}\" must be 0, 1, true or false", what, key));
  return std::nullopt;
}

std::optional<std::string> JsonFields::text(const LocatedJson& object, const char* key,
                                            const std::string& what) {
  const LocatedJson* found = of_kind(object, key, Kind::kText, what);
  if (found == nullptr) return std::nullopt;
  return found->text;
}

}  // namespace soliton::priced
