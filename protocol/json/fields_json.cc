#include "protocol/json/fields_json.h"

namespace soliton {
namespace {

Json number_json(const Field& field, std::int64_t number) {
  if (number == kUnset) return Json();
  switch (field.type) {
    case FieldType::kDuration:
      return json_us(Duration{number});
    case FieldType::kFlag:
      if (number > 1) return std::string(spelling_of(field.words, number));
      return number != 0;
    case FieldType::kChoice:
      return std::string(spelling_of(field.words, number));
    case FieldType::kUnsigned:
      return static_cast<std::uint64_t>(number);
    default:
      return number;
  }
}

Json maps_json(const Field& field, const std::vector<Settings>& items);

Json value_json(const Field& field, const FieldValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value.value))
    return number_json(field, *number);
  if (const auto* real = std::get_if<double>(&value.value)) return *real;
  if (const auto* text = std::get_if<std::string>(&value.value)) return *text;
  if (const auto* numbers = std::get_if<std::vector<std::int64_t>>(&value.value)) {
    if (field.type != FieldType::kWords) return *numbers;
    Json words = Json::array();
    for (const std::int64_t number : *numbers)
      words.push_back(std::string(spelling_of(field.words, number)));
    return words;
  }
  if (const auto* map = std::get_if<Settings>(&value.value)) return maps_json(field, {*map})[0];
  return maps_json(field, std::get<std::vector<Settings>>(value.value));
}

Json maps_json(const Field& field, const std::vector<Settings>& items) {
  Json out = Json::array();
  for (const Settings& item : items) {
    Json map = Json::object();
    for (const Setting& setting : item)
      if (const Field* its = field.table->find(setting.key))
        map[setting.key] = value_json(*its, setting.value);
    out.push_back(std::move(map));
  }
  return out;
}

}  // namespace

void add_fields(const FieldTable& table, const void* object, Json& out, bool known) {
  for (const Field& field : table.fields) {
    if (field.get == nullptr) continue;
    out[std::string(field.key)] = known ? value_json(field, field.get(object)) : Json();
  }
}

Json fields_json(const FieldTable& table, const void* object, bool known) {
  Json out = Json::object();
  add_fields(table, object, out, known);
  return out;
}

}  // namespace soliton
