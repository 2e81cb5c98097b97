#include "cluster/yaml/json_schema.h"

#include <fmt/format.h>

#include <map>

namespace soliton {
namespace {

constexpr std::string_view kWholeNumber = "^-?(0x[0-9a-fA-F]+|[0-9]+)$";

std::string units_of(FieldType type) {
  switch (type) {
    case FieldType::kDuration:
      return "(ps|ns|[uµμ]s|ms|s|min|h|d)";
    case FieldType::kBytes:
      return "(B|kB|KiB|MB|MiB|GB|GiB|TB|TiB)";
    case FieldType::kBitRate:
      return "[kMGT]?[bB]/s";
    case FieldType::kFrequency:
      return "[kMG]?Hz";
    case FieldType::kEventRate:
      return "[kMG]?/s";
    case FieldType::kProbability:
      return "%";
    default:
      return "";
  }
}

std::string quantity_pattern(const std::string& units) {
  return R"(^ *-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)? *)" + units + " *$";
}

std::string real_pattern(const std::string& unit) {
  return R"(^-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?)" + unit + "$";
}

Json words_of(const Field& field) {
  Json words = Json::array();
  for (const FieldWord& word : field.words) words.push_back(word.spelling);
  return {{"enum", std::move(words)}};
}

Json lists_of_words(const Field& field) {
  return {{"type", "array"}, {"items", words_of(field)}, {"uniqueItems", true}};
}

Json reference(const FieldTable& table) {
  return {{"$ref", fmt::format("#/$defs/{}", table.name)}};
}

Json a_string(const std::string& pattern) { return {{"type", "string"}, {"pattern", pattern}}; }

// Any scalar is a text to the reader: `name: 12` names something "12".
Json any_text() { return {{"type", Json::array({"string", "number", "boolean"})}}; }

class SchemaMaker {
 public:
  explicit SchemaMaker(const KnownNames& names) : names_(names) {}

  Json object(const FieldTable& table) const {
    Json properties = Json::object(), required = Json::array();
    for (const Field& field : table.fields) {
      if (!field.refused.empty()) continue;
      properties[std::string(field.key)] = property(table, field);
      if (field.required) required.push_back(field.key);
    }
    Json out = {{"type", "object"}, {"additionalProperties", false}, {"properties", properties}};
    if (!required.empty()) out["required"] = required;
    for (const FieldGroup& group : table.groups)
      if (group.kind == FieldGroup::Kind::kOneOf) out["anyOf"] = any_of(group);
    return out;
  }

 private:
  static Json any_of(const FieldGroup& group) {
    Json out = Json::array();
    for (const std::string_view key : group.keys)
      if (!key.empty())
        out.push_back(Json::object(
            {{"required", Json::array({key})}, {"properties", {{std::string(key), not_null()}}}}));
    return out;
  }

  static Json not_null() { return {{"not", {{"type", "null"}}}}; }

  // A key without a value is as good as absent.
  Json property(const FieldTable& table, const Field& field) const {
    Json ways = allowed(field);
    if (!field.required) ways.push_back(Json::object({{"type", "null"}}));
    Json out = {{"description", description(field)}};
    const std::string standard = spell_default(table, field);
    if (!standard.empty()) out["default"] = standard;
    out["anyOf"] = std::move(ways);
    return out;
  }

  static std::string description(const Field& field) {
    std::string out(field.meaning);
    if (!field.unit.empty()) out += fmt::format(" In {}.", field.unit);
    if (!field.worse_lower.empty())
      out += fmt::format(" Lower: {}; higher: {}.", field.worse_lower, field.worse_higher);
    return out;
  }

  Json allowed(const Field& field) const {
    if (field.names == "nodes") return node_names();
    switch (field.type) {
      case FieldType::kFlag:
        return with_words(field, switches());
      case FieldType::kChoice:
        return Json::array({words_of(field)});
      case FieldType::kChoices:
        return Json::array(
            {words_of(field), {{"type", "object"}, {"additionalProperties", words_of(field)}}});
      case FieldType::kInteger:
      case FieldType::kUnsigned:
        return numbers(field);
      case FieldType::kIntegers:
        return Json::array({integers(field)});
      case FieldType::kWords:
        return Json::array({lists_of_words(field)});
      case FieldType::kMap:
        return maps(field);
      case FieldType::kMaps:
        return Json::array({Json::object({{"type", "array"}, {"items", reference(*field.table)}})});
      case FieldType::kNamed:
        return Json::array({known(field), any_text(), reference(*field.table)});
      case FieldType::kReal:
        return reals(field);
      case FieldType::kOther:
        return Json::array({Json::object()});
      default:
        return units_of(field.type).empty() ? texts(field) : quantities(field);
    }
  }

  static Json switches() {
    Json words = {{"enum", Json::array({"true", "false"})}};
    return Json::array({Json::object({{"type", "boolean"}}), words});
  }

  static Json maps(const Field& field) {
    Json out = field.is_switch ? switches() : Json::array();
    out.push_back(reference(*field.table));
    return out;
  }

  static Json with_words(const Field& field, Json ways) {
    if (!field.words.empty()) ways.push_back(words_of(field));
    return ways;
  }

  static Json numbers(const Field& field) {
    Json number = {{"type", "integer"}};
    if (field.type == FieldType::kUnsigned) number["minimum"] = 0;
    if (field.least != INT64_MIN) number["minimum"] = field.least;
    if (field.most != INT64_MAX) number["maximum"] = field.most;
    return with_words(field, Json::array({number, a_string(std::string(kWholeNumber))}));
  }

  static Json integers(const Field& field) {
    Json ways = numbers(field);
    if (field.ranges) ways.push_back(a_string("^[0-9]+-[0-9]+$"));
    Json item = {{"anyOf", std::move(ways)}};
    Json out = {{"type", "array"}, {"items", item}};
    if (field.items > 0) out["maxItems"] = field.items;
    return out;
  }

  // As parse_value() reads it: the unit behind exactly one space.
  static Json reals(const Field& field) {
    if (field.unit.empty())
      return Json::array({Json::object({{"type", "number"}}), a_string(real_pattern(""))});
    return Json::array({a_string(real_pattern(fmt::format(" {}", field.unit)))});
  }

  // A name or a range, or a list of them.
  static Json node_names() {
    return Json::array({any_text(), Json::object({{"type", "array"}, {"items", any_text()}})});
  }

  // A key that names its unit takes a bare number, too.
  static Json quantities(const Field& field) {
    if (!field.unit.empty())
      return Json::array({Json::object({{"type", "integer"}}), a_string(std::string(kWholeNumber)),
                          a_string(quantity_pattern(units_of(field.type)))});
    return with_words(field, Json::array({a_string(quantity_pattern(units_of(field.type)))}));
  }

  Json texts(const Field& field) const {
    if (!field.words.empty()) return Json::array({words_of(field)});
    Json text = any_text();
    if (field.type == FieldType::kName) text["pattern"] = "^[a-z0-9._-]{1,63}$";
    Json out = Json::array();
    if (!field.names.empty()) out.push_back(known(field));
    out.push_back(text);
    return out;
  }

  Json known(const Field& field) const { return {{"enum", names_(field.names)}}; }

  const KnownNames& names_;
};

}  // namespace

Json json_schema(const FieldTable& root, std::string_view title, const KnownNames& names) {
  const SchemaMaker maker(names);
  Json definitions = Json::object();
  for (const FieldTable* table : tables_of(root))
    definitions[std::string(table->name)] = maker.object(*table);
  return {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
          {"$id", fmt::format("urn:soliton:schema:{}", root.name)},
          {"title", title},
          {"$ref", fmt::format("#/$defs/{}", root.name)},
          {"$defs", std::move(definitions)}};
}

}  // namespace soliton
