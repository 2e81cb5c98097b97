#include "cluster/spec/reader.h"

#include <algorithm>
#include <charconv>

#include "cluster/spec/names.h"
#include "protocol/base/check.h"

namespace soliton {
std::string ReadContext::where(Mark mark) const {
  if (mark.override_index >= 0)
    return "--set " + override_paths_[static_cast<std::size_t>(mark.override_index)];
  return fmt::format("{}:{}:{}", file_, mark.line, mark.column);
}

void ReadContext::error(Mark mark, const std::string& message) {
  if (!wants_more()) {
    ++dropped_;
    return;
  }
  problems_.push_back({mark, fmt::format("{}: {}", where(mark), printable(message))});
}

void ReadContext::include(Mark mark, Diagnostics problems) {
  for (Error& problem : problems.errors) problems_.push_back({mark, std::move(problem.message)});
}

Diagnostics ReadContext::take() {
  std::stable_sort(problems_.begin(), problems_.end(),
                   [](const Problem& a, const Problem& b) { return a.mark < b.mark; });
  Diagnostics out;
  for (Problem& problem : problems_) out.add(ErrorCode::kInvalid, std::move(problem.text));
  if (dropped_ > 0)
    out.add(ErrorCode::kInvalid, fmt::format("{}: {} more errors", file_, dropped_));
  problems_.clear();
  dropped_ = 0;
  return out;
}

MapReader::MapReader(ReadContext& context, const YamlValue& value, const FieldTable& table,
                     std::string label)
    : context_(context),
      value_(value),
      table_(table),
      label_(std::move(label)),
      is_map_(value.kind == YamlValue::Kind::kMap) {
  if (!is_map_)
    context_.error(value.mark,
                   fmt::format("{} must be a map with the keys {}",
                               label_.empty() ? "a file" : label_, fmt::join(table_.keys(), ", ")));
}

const YamlValue* MapReader::find(std::string_view key) {
  SOLITON_CHECK(table_.find(key) != nullptr);
  asked_.push_back(key);
  const YamlValue* value = is_map_ ? value_.find(key) : nullptr;
  return value == nullptr || value->kind == YamlValue::Kind::kNull ? nullptr : value;
}

const YamlValue* MapReader::require(std::string_view key) {
  const YamlValue* value = find(key);
  if (value == nullptr && is_map_)
    context_.error(mark_of(key), fmt::format("{} is missing", label_of(key)));
  return value;
}

Mark MapReader::mark_of(std::string_view key) const {
  const YamlValue* value = is_map_ ? value_.find(key) : nullptr;
  return value == nullptr ? value_.mark : value->mark;
}

std::string MapReader::label_of(std::string_view key) const {
  return label_.empty() ? std::string(key) : fmt::format("{}.{}", label_, key);
}

void MapReader::error(std::string_view key, const std::string& message) {
  context_.error(mark_of(key), fmt::format("{}: {}", label_of(key), message));
}

bool MapReader::fail(std::string_view key, const std::string& message) {
  error(key, message);
  return false;
}

void MapReader::finish(std::string_view why) {
  for (std::size_t i = 0; is_map_ && i < value_.keys.size(); ++i) {
    const auto& [name, mark] = value_.keys[i];
    if (!context_.wants_more()) {
      context_.error(mark, "");
      continue;
    }
    const Field* known = table_.find(name);
    const bool asked = std::find(asked_.begin(), asked_.end(), name) != asked_.end();
    if (known == nullptr)
      context_.error(
          mark, fmt::format("unknown key \"{}\"{}{}", name, label_.empty() ? "" : " in " + label_,
                            suggestion(name, table_.keys())));
    else if (!known->refused.empty() && !asked)
      context_.error(mark, fmt::format("{}: {}", label_of(name), known->refused));
    else if (!asked && value_.items[i].kind != YamlValue::Kind::kNull)
      context_.error(mark, fmt::format("{} has no meaning {}", label_of(name), why));
  }
}

const YamlValue* MapReader::scalar(std::string_view key) {
  const YamlValue* value = find(key);
  if (value == nullptr || value->kind == YamlValue::Kind::kScalar) return value;
  error(key, value->kind == YamlValue::Kind::kMap ? "must be one value, not a map"
                                                  : "must be one value, not a list");
  return nullptr;
}

std::vector<std::string_view> MapReader::said() const {
  std::vector<std::string_view> out;
  for (std::size_t i = 0; is_map_ && i < value_.keys.size(); ++i)
    if (value_.items[i].kind != YamlValue::Kind::kNull && table_.find(value_.keys[i].name))
      out.push_back(value_.keys[i].name);
  return out;
}

bool MapReader::text(std::string_view key, std::string& out) {
  const YamlValue* value = scalar(key);
  if (value == nullptr) return false;
  out = value->text;
  return true;
}

bool MapReader::name(std::string_view key, std::string& out) {
  const YamlValue* value = scalar(key);
  if (value == nullptr) return false;
  if (!is_valid_name(value->text))
    return fail(key, fmt::format("\"{}\" {}", value->text, kNameRule));
  out = value->text;
  return true;
}

bool MapReader::integer(std::string_view key, std::int64_t& out, std::int64_t least,
                        std::int64_t most) {
  const YamlValue* value = scalar(key);
  if (value == nullptr) return false;
  const Result<std::int64_t> number = parse_integer(value->text);
  if (!number) return fail(key, number.error().message);
  if (*number < least || *number > most)
    return fail(key, fmt::format("{} is not between {} and {}", value->text, least, most));
  out = *number;
  return true;
}

bool MapReader::unsigned_integer(std::string_view key, std::uint64_t& out) {
  const YamlValue* value = scalar(key);
  if (value == nullptr) return false;
  std::string_view digits = value->text;
  const int base = digits.starts_with("0x") ? 16 : 10;
  if (base == 16) digits.remove_prefix(2);
  std::uint64_t number = 0;
  const auto [end, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (problem != std::errc{} || end != digits.data() + digits.size())
    return fail(
        key, fmt::format("\"{}\" is not a whole number between 0 and {}", value->text, UINT64_MAX));
  out = number;
  return true;
}

bool MapReader::flag(std::string_view key, bool& out) {
  return choice(key, out, Choices<bool>{{"true", true}, {"false", false}});
}

bool MapReader::duration(std::string_view key, Duration& out, Duration least, Duration most) {
  return quantity(key, out, parse_duration, least, most);
}

bool MapReader::bytes(std::string_view key, Bytes& out, Bytes least, Bytes most) {
  return quantity(key, out, parse_bytes, least, most);
}

bool MapReader::bit_rate(std::string_view key, BitRate& out) {
  return quantity(key, out, parse_bit_rate, BitRate{1'000},
                  BitRate{std::int64_t{100'000} * 1'000'000'000});
}

}  // namespace soliton
