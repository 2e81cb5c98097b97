#include "protocol/base/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "protocol/base/check.h"
#include "protocol/base/suggestion.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

// How the numbers of a type are read and written in files.
struct NumberText {
  Result<std::int64_t> (*parse)(std::string_view text);
  std::string (*spell)(std::int64_t number);
};

template <typename T, Result<T> (*parse)(std::string_view)>
constexpr NumberText quantity_text() {
  return {[](std::string_view text) -> Result<std::int64_t> {
            const Result<T> value = parse(text);
            if (!value) return tl::unexpected<Error>(value.error());
            return FieldTraits<T>::number(*value);
          },
          [](std::int64_t number) { return spell(FieldTraits<T>::from(number)); }};
}

Result<std::int64_t> parse_flag(std::string_view text) {
  if (text == "true") return 1;
  if (text == "false") return 0;
  return invalid(
      fmt::format("\"{}\" is not known{}", text, suggestion(std::string(text), {"true", "false"})));
}

Result<std::int64_t> parse_bits(std::string_view text) {
  const Result<std::uint64_t> number = parse_unsigned(text);
  if (!number) return tl::unexpected<Error>(number.error());
  return static_cast<std::int64_t>(*number);
}

constexpr NumberText text_of(FieldType type) {
  switch (type) {
    case FieldType::kFlag:
      return {parse_flag, [](std::int64_t n) { return std::string(n != 0 ? "true" : "false"); }};
    case FieldType::kUnsigned:
      return {parse_bits,
              [](std::int64_t n) { return fmt::format("{}", static_cast<std::uint64_t>(n)); }};
    case FieldType::kDuration:
      return quantity_text<Duration, parse_duration>();
    case FieldType::kBytes:
      return quantity_text<Bytes, parse_bytes>();
    case FieldType::kBitRate:
      return quantity_text<BitRate, parse_bit_rate>();
    case FieldType::kFrequency:
      return quantity_text<Frequency, parse_frequency>();
    case FieldType::kEventRate:
      return quantity_text<EventRate, parse_event_rate>();
    case FieldType::kProbability:
      return quantity_text<Probability, parse_probability>();
    default:
      return {parse_integer, [](std::int64_t n) { return fmt::format("{}", n); }};
  }
}

// "off, auto or a number between 1 and 1000": what a row with words takes.
std::string allowed_beside(const Field& field) {
  std::string out;
  for (const FieldWord& word : field.words) out += fmt::format("{}, ", word.spelling);
  const NumberText as = text_of(field.type);
  out.resize(out.size() - 2);
  return out +
         fmt::format(" or a value between {} and {}", as.spell(field.least), as.spell(field.most));
}

tl::unexpected<Error> no_such_word(const Field& field, std::string_view text) {
  std::vector<std::string> names;
  for (const FieldWord& word : field.words) names.emplace_back(word.spelling);
  std::string hint = did_you_mean(std::string(text), names);
  // Whoever writes a list wants to know what else there is, even where one name was meant.
  if (hint.empty())
    hint = suggestion(std::string(text), names);
  else if (field.type == FieldType::kWords)
    hint += fmt::format(" Allowed: {}", fmt::join(names, ", "));
  return invalid(fmt::format("\"{}\" is not known{}", printable(text), hint));
}

// The value of a text that must be one of the words of its row.
Result<FieldValue> parse_word(const Field& field, std::string_view text) {
  for (const FieldWord& word : field.words)
    if (word.spelling == text) return FieldValue{std::string(text)};
  return no_such_word(field, text);
}

Result<FieldValue> parse_number(const Field& field, std::string_view text) {
  for (const FieldWord& word : field.words)
    if (word.spelling == text) return FieldValue{word.number};
  const bool flag_with_words = field.type == FieldType::kFlag && !field.words.empty();
  if (field.type == FieldType::kChoice || field.type == FieldType::kWords || flag_with_words)
    return no_such_word(field, text);
  const NumberText as = text_of(field.type);
  const Result<std::int64_t> number = as.parse(text);
  const bool good = number && (field.type == FieldType::kUnsigned ||
                               (*number >= field.least && *number <= field.most));
  if (good) return FieldValue{*number};
  if (!field.words.empty())
    return invalid(fmt::format("\"{}\" is not {}", text, allowed_beside(field)));
  if (!number) return tl::unexpected<Error>(number.error());
  return invalid(fmt::format("{} is not between {} and {}", text, as.spell(field.least),
                             as.spell(field.most)));
}

Result<FieldValue> parse_real(const Field& field, std::string_view text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const std::string unit = field.unit.empty() ? "" : fmt::format(" {}", field.unit);
  if (problem != std::errc{} || rest != unit)
    return invalid(fmt::format("\"{}\" is not a number{}; write it like 90{}", printable(text),
                               unit.empty() ? "" : " of" + unit, unit));
  if (!(value > static_cast<double>(field.least) && value <= static_cast<double>(field.most)))
    return invalid(fmt::format("{} is not between {} and {}{}", printable(text), field.least,
                               field.most, unit));
  return FieldValue{value};
}

std::string spell_number(const Field& field, std::int64_t number) {
  for (const FieldWord& word : field.words)
    if (word.number == number) return std::string(word.spelling);
  return text_of(field.type).spell(number);
}

std::string spell_list(const Field& field, const std::vector<std::int64_t>& numbers) {
  std::vector<std::string> items;
  for (const std::int64_t number : numbers) items.push_back(spell_number(field, number));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

void add_tables(const FieldTable& table, std::vector<const FieldTable*>& out) {
  // Tables may be shared, and may refer to each other.
  if (std::find(out.begin(), out.end(), &table) != out.end()) return;
  out.push_back(&table);
  for (const Field& field : table.fields)
    if (field.table != nullptr) add_tables(*field.table, out);
}

}  // namespace

// Not defaulted: compilers would look through Setting, which holds a FieldValue, for ever.
bool FieldValue::operator==(const FieldValue& other) const { return value == other.value; }

std::string_view spelling_of(std::span<const FieldWord> words, std::int64_t number) {
  for (const FieldWord& word : words)
    if (word.number == number) return word.spelling;
  SOLITON_CHECK_MSG(false, "no word for {}", number);
  return "";
}

bool FieldCheck::has(std::string_view key) const {
  return std::find(said.begin(), said.end(), key) != said.end();
}

const Field* FieldTable::find(std::string_view key) const {
  const auto at =
      std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.key == key; });
  return at == fields.end() ? nullptr : &*at;
}

std::vector<std::string> FieldTable::keys() const {
  std::vector<std::string> out;
  for (const Field& field : fields)
    if (field.refused.empty()) out.emplace_back(field.key);
  return out;
}

Settings collect(const FieldTable& table, const void* object) {
  Settings out;
  for (const Field& field : table.fields) {
    if (field.get == nullptr || field.own != nullptr) continue;
    FieldValue value = field.get(object);
    // All 64 bits of an unsigned number are its own: none of its values stands for "unset".
    if (!value.is_unset() || field.type == FieldType::kUnsigned)
      out.push_back({std::string(field.key), std::move(value)});
  }
  return out;
}

Status assign(const FieldTable& table, const Settings& settings, void* object) {
  for (const auto& [key, value] : settings) {
    const Field* field = table.find(key);
    if (field == nullptr || field->set == nullptr || field->own != nullptr)
      return invalid(fmt::format("{} has no key \"{}\"", table.name, printable(key)));
    // The member itself shows which alternative is expected. An optional one may hold none now.
    if (value.value.index() != field->get(object).value.index() && !value.is_unset() &&
        !field->is_optional)
      return invalid(fmt::format("{}.{} is of another type", table.name, key));
    field->set(object, value);
  }
  return {};
}

const FieldValue* find_setting(const Settings& settings, std::string_view key) {
  for (const Setting& setting : settings)
    if (setting.key == key) return &setting.value;
  return nullptr;
}

Result<FieldValue> parse_value(const Field& field, std::string_view text) {
  switch (field.type) {
    case FieldType::kText:
      if (!field.words.empty()) return parse_word(field, text);
      return FieldValue{std::string(text)};
    case FieldType::kPath:
    case FieldType::kName:
      return FieldValue{std::string(text)};
    case FieldType::kReal:
      return parse_real(field, text);
    default:
      return parse_number(field, text);
  }
}

std::string spell_value(const Field& field, const FieldValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.value)) return *text;
  if (const auto* real = std::get_if<double>(&value.value))
    return field.unit.empty() ? fmt::format("{}", *real) : fmt::format("{} {}", *real, field.unit);
  if (const auto* numbers = std::get_if<std::vector<std::int64_t>>(&value.value))
    return spell_list(field, *numbers);
  return spell_number(field, value.number());
}

std::string spell_default(const FieldTable& table, const Field& field) {
  if (!field.standard.empty()) return std::string(field.standard);
  const bool is_plain = field.type != FieldType::kMap && field.type != FieldType::kMaps;
  const FieldTable& own = field.own != nullptr ? *field.own : table;
  if (field.get == nullptr || own.defaults == nullptr || field.required || !is_plain) return "";
  const FieldValue value = field.get(own.defaults());
  const bool has_word = std::any_of(field.words.begin(), field.words.end(),
                                    [](const FieldWord& w) { return w.number == kUnset; });
  return value.is_unset() && !has_word ? "" : spell_value(field, value);
}

std::vector<const FieldTable*> tables_of(const FieldTable& root) {
  std::vector<const FieldTable*> out;
  add_tables(root, out);
  return out;
}

}  // namespace soliton
