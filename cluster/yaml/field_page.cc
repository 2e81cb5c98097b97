#include "cluster/yaml/field_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/base/suggestion.h"

namespace soliton {
namespace {

constexpr std::string_view kBegin = "<!-- fields: ";
constexpr std::string_view kEnd = "<!-- /fields -->";

bool is_number(FieldType type) {
  switch (type) {
    case FieldType::kInteger:
    case FieldType::kIntegers:
    case FieldType::kDuration:
    case FieldType::kBytes:
    case FieldType::kBitRate:
    case FieldType::kFrequency:
    case FieldType::kEventRate:
    case FieldType::kProbability:
      return true;
    default:
      return false;
  }
}

// The words of a row, unless its meaning explains each of them.
std::string words_of(const Field& field) {
  std::vector<std::string> words;
  bool explained = true;
  for (const FieldWord& word : field.words) {
    words.push_back(fmt::format("`{}`", word.spelling));
    explained = explained && field.meaning.find(words.back()) != std::string_view::npos;
  }
  return explained ? "" : fmt::format("{}", fmt::join(words, ", "));
}

// As it is typed; or in words, when it depends on other keys.
std::string default_of(const FieldTable& table, const Field& field) {
  if (field.required) return "required";
  const std::string standard = spell_default(table, field);
  return standard.empty() || !field.standard.empty() ? standard : fmt::format("`{}`", standard);
}

// "; 64 B to 9 kB", "; `off`, `auto`, or 1 to 1000 packets".
std::string allowed(const Field& field) {
  std::string out = words_of(field);
  const bool has_limits =
      is_number(field.type) && field.least != INT64_MIN && field.most != INT64_MAX;
  if (has_limits)
    out +=
        fmt::format("{}{} to {}{}{}", out.empty() ? "" : ", or ", spell_value(field, {field.least}),
                    spell_value(field, {field.most}), field.unit.empty() ? "" : " ", field.unit);
  return out;
}

std::string meaning(const Field& field) {
  std::string out(field.meaning);
  if (const std::string range = allowed(field); !range.empty()) out += fmt::format(" {}.", range);
  if (!field.worse_lower.empty()) out += fmt::format(" Lower: {}.", field.worse_lower);
  if (!field.worse_higher.empty()) out += fmt::format(" Higher: {}.", field.worse_higher);
  return out;
}

// The table that the path leads to, list indices included; nullptr: none.
const FieldTable* table_at(const FieldTable& root, std::string_view path) {
  const FieldTable* at = &root;
  while (!path.empty() && at != nullptr) {
    const std::size_t end = std::min(path.find('.'), path.size());
    std::string_view key = path.substr(0, end);
    key = key.substr(0, key.find('['));
    const Field* field = at->find(key);
    at = field == nullptr ? nullptr : field->table;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return at;
}

}  // namespace

std::string field_page(const FieldTable& table) {
  std::string out = "| key | default | meaning |\n|---|---|---|\n";
  for (const Field& field : table.fields) {
    if (!field.refused.empty()) continue;
    out += fmt::format("| `{}` | {} | {} |\n", field.key, default_of(table, field), meaning(field));
  }
  return out;
}

Result<std::string> with_field_pages(const std::string& text,
                                     const std::vector<const FieldTable*>& tables) {
  std::string out;
  std::size_t done = 0;
  for (std::size_t at = text.find(kBegin); at != std::string::npos; at = text.find(kBegin, done)) {
    const std::size_t name_end = text.find(" -->\n", at);
    const std::size_t end = text.find(kEnd, at);
    if (name_end == std::string::npos || end == std::string::npos)
      return invalid(fmt::format("\"{}\" without \"{}\"", kBegin, kEnd));
    const std::string name = text.substr(at + kBegin.size(), name_end - at - kBegin.size());
    const auto table = std::find_if(tables.begin(), tables.end(),
                                    [&](const FieldTable* one) { return one->name == name; });
    if (table == tables.end()) {
      std::vector<std::string> names;
      for (const FieldTable* one : tables) names.emplace_back(one->name);
      return invalid(fmt::format("no table of fields \"{}\"{}", name, suggestion(name, names)));
    }
    out += text.substr(done, name_end + 5 - done) + field_page(**table);
    done = end;
  }
  return out + text.substr(done);
}

std::vector<std::string> set_completions(const FieldTable& root, std::string_view typed) {
  const std::size_t equals = typed.find('=');
  const std::string_view path = typed.substr(0, equals);
  const std::size_t dot = path.rfind('.');
  const std::string_view folder = dot == std::string_view::npos ? "" : path.substr(0, dot);
  const std::string_view last = dot == std::string_view::npos ? path : path.substr(dot + 1);
  const FieldTable* table = table_at(root, folder);
  std::vector<std::string> out;
  if (table == nullptr) return out;
  const std::string lead = folder.empty() ? "" : fmt::format("{}.", folder);
  for (const Field& field : table->fields) {
    if (!field.refused.empty()) continue;
    if (equals == std::string_view::npos) {
      const bool is_map = field.table != nullptr && field.type != FieldType::kNamed;
      if (field.key.starts_with(last))
        out.push_back(fmt::format("{}{}{}", lead, field.key,
                                  field.type == FieldType::kMaps ? "[0]."
                                  : is_map                       ? "."
                                                                 : "="));
    } else if (field.key == last) {
      for (const FieldWord& word : field.words)
        if (field.type != FieldType::kWords && word.spelling.starts_with(typed.substr(equals + 1)))
          out.push_back(fmt::format("{}={}", path, word.spelling));
      if (field.type == FieldType::kFlag && field.words.empty())
        for (const char* word : {"true", "false"})
          if (std::string_view(word).starts_with(typed.substr(equals + 1)))
            out.push_back(fmt::format("{}={}", path, word));
    }
  }
  return out;
}

}  // namespace soliton
