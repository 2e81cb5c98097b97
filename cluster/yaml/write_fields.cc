// Maps of YAML from tables of fields.
#include <algorithm>

#include "cluster/yaml/files.h"
#include "cluster/yaml/read_fields.h"

namespace soliton {

std::string yaml_quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += fmt::format("\\{}", c);
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + "\"";
}

std::string yaml_scalar(const std::string& text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '/';
  };
  const bool is_plain = !text.empty() && text.front() != '-' && text.front() != '.' &&
                        std::all_of(text.begin(), text.end(), plain) && text != "null" &&
                        text != "Null" && text != "NULL";
  return is_plain ? text : yaml_quoted(text);
}

std::string FieldWriter::spelled(const Field& field, const FieldValue& value) const {
  switch (field.type) {
    case FieldType::kMap:
      return flow(*field.table, std::get<Settings>(value.value));
    case FieldType::kMaps: {
      std::vector<std::string> items;
      for (const Settings& item : std::get<std::vector<Settings>>(value.value))
        items.push_back(flow(*field.table, item));
      return fmt::format("[{}]", fmt::join(items, ", "));
    }
    case FieldType::kText:
      return field.words.empty() ? yaml_quoted(value.text()) : value.text();
    case FieldType::kPath:
      return yaml_quoted(path_from(folder_, value.text()));
    case FieldType::kName:
      return yaml_scalar(value.text());
    default:
      return spell_value(field, value);
  }
}

WrittenKeys FieldWriter::keys(const FieldTable& table, const Settings& settings,
                              const WrittenKeys& by_hand) const {
  WrittenKeys out;
  for (const Field& field : table.fields) {
    for (const auto& written : by_hand)
      if (written.first == field.key) out.push_back(written);
    if (field.get == nullptr) continue;
    const FieldValue* said = find_setting(settings, field.key);
    const FieldValue value = said != nullptr ? *said : FieldValue{kUnset};
    const bool has_word = std::any_of(field.words.begin(), field.words.end(),
                                      [](const FieldWord& w) { return w.number == kUnset; });
    if (field.quiet && value == field.get(table.defaults())) continue;
    if (said == nullptr && field.is_switch)
      out.emplace_back(field.key, "false");
    else if (said != nullptr || has_word)
      out.emplace_back(field.key, spelled(field, value));
  }
  return out;
}

std::string FieldWriter::flow(const FieldTable& table, const Settings& settings,
                              const WrittenKeys& by_hand) const {
  return flow_text(keys(table, settings, by_hand));
}

std::string flow_text(const WrittenKeys& keys) {
  std::string out;
  for (const auto& [key, value] : keys)
    out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", key, value);
  return "{" + out + "}";
}

std::string lines_text(const WrittenKeys& keys, std::string_view indent) {
  std::string out;
  for (const auto& [key, value] : keys) out += fmt::format("{}{}: {}\n", indent, key, value);
  return out;
}

}  // namespace soliton
