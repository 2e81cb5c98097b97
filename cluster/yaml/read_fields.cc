#include "cluster/yaml/read_fields.h"

#include <algorithm>

#include "cluster/yaml/files.h"
#include "protocol/base/check.h"
#include "protocol/base/names.h"

namespace soliton {
namespace {

using Kind = YamlValue::Kind;

bool fail(MapReader& map, std::string_view key, const std::string& message) {
  map.error(key, message);
  return false;
}

// The value of a scalar, and why there is none.
Result<FieldValue> value_of(const Field& field, const std::string& text,
                            const std::string& folder) {
  if (field.type == FieldType::kName && !is_valid_name(text))
    return invalid(fmt::format("\"{}\" {}", text, kNameRule));
  if (field.type != FieldType::kPath) return parse_value(field, text);
  std::string path = resolve_path(folder, text);
  if (!is_regular_file(path)) return invalid(explain_missing_file(path));
  return FieldValue{std::move(path)};
}

// An item of a list of numbers: one, or where the row allows it a range, "2-7".
Status add_integers(const Field& field, const std::string& text, std::vector<std::int64_t>& out) {
  const std::size_t dash = text.find('-', 1);
  const bool is_range = field.ranges && dash != std::string::npos;
  const Result<FieldValue> first = parse_value(field, is_range ? text.substr(0, dash) : text);
  const Result<FieldValue> last = is_range ? parse_value(field, text.substr(dash + 1)) : first;
  if (!first) return tl::unexpected<Error>(first.error());
  if (!last) return tl::unexpected<Error>(last.error());
  if (last->number() < first->number())
    return invalid(fmt::format("{} is a range that descends", text));
  const auto room = static_cast<std::int64_t>(field.items) - static_cast<std::int64_t>(out.size());
  if (field.items > 0 && last->number() - first->number() >= room)
    return invalid(fmt::format("{} makes it more than {} numbers", text, field.items));
  for (std::int64_t number = first->number(); number <= last->number(); ++number)
    out.push_back(number);
  return {};
}

// A list of numbers. Items beyond those it has keep their values.
bool read_integers(MapReader& map, const Field& field, void* object) {
  const YamlValue& value = *map.find(field.key);
  if (value.kind != Kind::kList || (field.items > 0 && value.items.size() > field.items))
    return fail(map, field.key,
                field.items > 0 ? fmt::format("must be a list of up to {} numbers", field.items)
                                : "must be a list of numbers");
  std::vector<std::int64_t> numbers;
  for (const YamlValue& item : value.items)
    if (const Status added = add_integers(field, item.text, numbers); !added)
      return fail(map, field.key, added.error().message);
  field.set(object, {std::move(numbers)});
  return true;
}

// A list of the row's words.
bool read_words(MapReader& map, const Field& field, void* object) {
  const YamlValue& value = *map.find(field.key);
  if (value.kind != Kind::kList)
    return fail(map, field.key,
                fmt::format("must be a list, such as {}", spell_value(field, field.get(object))));
  const std::size_t before = map.context().count();
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    const YamlValue& item = value.items[i];
    const auto wrong = [&](const std::string& why) {
      map.context().error(item.mark, fmt::format("{}[{}]: {}", map.label_of(field.key), i, why));
    };
    const Result<FieldValue> word = parse_value(field, item.text);
    if (!word)
      wrong(word.error().message);
    else if (std::ranges::find(numbers, word->number()) != numbers.end())
      wrong(fmt::format("\"{}\" is listed twice", item.text));
    else
      numbers.push_back(word->number());
  }
  if (map.context().count() != before) return false;
  std::ranges::sort(numbers);
  field.set(object, {std::move(numbers)});
  return true;
}

bool read_nested(MapReader& map, const Field& field, void* object) {
  const YamlValue& value = *map.find(field.key);
  // A switch is an optional map: false removes it, true keeps or creates it with defaults.
  if (field.is_switch && value.kind == Kind::kScalar && value.text == "false") {
    field.set(object, {kUnset});
    return true;
  }
  if (field.is_switch && value.kind == Kind::kScalar && value.text == "true") {
    if (field.get(object).is_unset()) field.enter(object);
    return true;
  }
  if (field.is_switch && value.kind != Kind::kMap)
    return fail(map, field.key,
                fmt::format("must be true, false or a map with the keys {}",
                            fmt::join(field.table->keys(), ", ")));
  return read_map(map, field.key, *field.table, field.enter(object));
}

bool read_list(MapReader& map, const Field& field, void* object) {
  const YamlValue& value = *map.find(field.key);
  if (value.kind != Kind::kList)
    return fail(map, field.key,
                fmt::format("must be a list of maps with the keys {}",
                            fmt::join(field.table->keys(), ", ")));
  const std::size_t before = map.context().count();
  field.set(object, {std::vector<Settings>{}});
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    MapReader item(map.context(), value.items[i], *field.table,
                   fmt::format("{}[{}]", map.label_of(field.key), i));
    read_fields(item, *field.table, field.enter(object));
    item.finish();
  }
  return map.context().count() == before;
}

std::optional<FieldValue> read_scalar(MapReader& map, const Field& field) {
  const YamlValue* value = map.scalar(field.key);
  if (value == nullptr) return std::nullopt;
  Result<FieldValue> parsed = value_of(field, value->text, map.context().folder());
  if (parsed) return std::move(*parsed);
  map.error(field.key, parsed.error().message);
  return std::nullopt;
}

bool read_row(MapReader& map, const Field& field, void* object) {
  const YamlValue* value = map.find(field.key);
  if (value == nullptr) return false;
  switch (field.type) {
    case FieldType::kMap:
      return read_nested(map, field, object);
    case FieldType::kMaps:
      return read_list(map, field, object);
    case FieldType::kIntegers:
      return read_integers(map, field, object);
    case FieldType::kWords:
      return read_words(map, field, object);
    default:
      break;
  }
  const std::optional<FieldValue> read = read_scalar(map, field);
  if (read) field.set(object, *read);
  return read.has_value();
}

std::string keys_of(const FieldGroup& group, std::string_view last) {
  std::vector<std::string_view> names;
  for (const std::string_view key : group.keys)
    if (!key.empty()) names.push_back(key);
  const std::string_view end = names.back();
  names.pop_back();
  return names.empty() ? std::string(end)
                       : fmt::format("{}{}{}", fmt::join(names, ", "), last, end);
}

void check_group(MapReader& map, const FieldGroup& group, const FieldCheck& check) {
  const auto said = std::count_if(group.keys.begin(), group.keys.end(), [&](std::string_view key) {
    return !key.empty() && check.has(key);
  });
  if (group.kind == FieldGroup::Kind::kNeeds) {
    // keys[0] must not be present without one of the others.
    if (check.has(group.keys[0]) && said == 1)
      map.error(group.keys[0], fmt::format("belongs to {}", group.keys[1]));
    return;
  }
  if (said > 1)
    // Reported at the last of them.
    map.error(*std::find_if(group.keys.rbegin(), group.keys.rend(),
                            [&](std::string_view key) { return check.has(key); }),
              fmt::format("only one of {}", keys_of(group, " and ")));
  if (said == 0)
    map.context().error(map.mark(),
                        fmt::format("{}: needs one of {}", map.label(), keys_of(group, " or ")));
}

void check_rules(MapReader& map, const FieldTable& table, void* object, FieldCheck& check) {
  if (table.rules != nullptr) table.rules(object, check);
  for (const auto& [key, message] : check.problems) {
    if (key.empty())
      map.context().error(map.mark(), fmt::format("{}: {}", map.label(), message));
    else
      map.error(key, message);
  }
}

}  // namespace

std::optional<FieldValue> read_value(MapReader& map, std::string_view key) {
  return read_scalar(map, *map.table().find(key));
}

bool read_field(MapReader& map, std::string_view key, void* object) {
  const Field* field = map.table().find(key);
  SOLITON_CHECK_MSG(field != nullptr && field->set != nullptr, "no member for {}", key);
  return read_row(map, *field, object);
}

bool read_fields(MapReader& map, const FieldTable& table, void* object, Needed needed) {
  if (!map.is_map()) return false;
  const std::size_t before = map.context().count();
  for (const Field& field : table.fields) {
    if (field.required && needed == Needed::kAll) map.require(field.key);
    // A map that stands for one of several structs has rows of all of them: the member is this table's.
    if (field.set != nullptr) read_row(map, field, object);
  }
  FieldCheck check{.said = map.said(), .problems = {}};
  for (const FieldGroup& group : table.groups) check_group(map, group, check);
  // Rules over values that could not be read would report errors that may not exist.
  if (map.context().count() == before) check_rules(map, table, object, check);
  return map.context().count() == before;
}

bool read_map(MapReader& map, std::string_view key, const FieldTable& table, void* object) {
  const YamlValue* value = map.find(key);
  if (value == nullptr) return true;
  MapReader inner(map.context(), *value, table, map.label_of(key));
  const bool good = read_fields(inner, table, object);
  inner.finish();
  return good;
}

}  // namespace soliton
