#include "cluster/yaml/reader.h"

#include <algorithm>
#include <charconv>

#include "protocol/base/check.h"
#include "protocol/base/names.h"

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
  // Readers visit keys in the order of their tables; users read files from top to bottom.
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
  // A key that the table lacks would be missing from the schema and the documentation.
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

void MapReader::finish(std::string_view why) {
  for (std::size_t i = 0; is_map_ && i < value_.keys.size(); ++i) {
    const auto& [name, mark] = value_.keys[i];
    // The nearest name costs time for each unknown key, and a hostile file may have a million.
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
    // Keys of later versions have a message of their own.
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

}  // namespace soliton
