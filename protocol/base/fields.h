// The keys of an options struct, described by one table of values beside the struct.
//
// A row says how a key is spelled, which member it stands for, its limits and its meaning. All that
// handles options by their keys is written once, over tables: reading and writing YAML
// (cluster/yaml), the bytes of a deployment (protocol/control/settings.h), JSON Schemas, the tables
// of the documentation, completion of --set, counters in results. Adding an option is adding a
// member and its row:
//
//   inline constexpr Field kRackRows[] = {
//       field<&RackOptions::hosts>("hosts_per_rack", "Hosts under one switch.").between(1, 1'024),
//   };
//   inline constexpr FieldTable kRackFields = fields_of<RackOptions>("rack", kRackRows);
//
// A row reaches its member through function pointers, so tables of all structs have one type and
// no code is a template but the accessors. Numbers of every kind travel as a 64-bit integer in the
// unit the type keeps (picoseconds, bytes, bits a second, parts per billion).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/base/quantity.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace soliton {

enum class FieldType : std::uint8_t {
  kFlag,
  kInteger,
  kUnsigned,  // 64 bits; travels as the integer with the same bits
  kReal,
  kDuration,
  kBytes,
  kBitRate,
  kFrequency,
  kEventRate,
  kProbability,
  kChoice,   // one of the row's words
  kChoices,  // such a word, or a map of them by name
  kText,
  kName,      // [a-z0-9._-]{1,63}
  kPath,      // of a file that must exist, as seen from the file that names it
  kIntegers,  // a list, each item within the limits
  kWords,     // a list of the row's words, each at most once; kept in the order of their numbers
  kMap,       // a map with a table of its own
  kMaps,      // a list of such maps
  kNamed,     // the name of something shipped, a file, or a map with a table of its own
  kOther,     // read by hand; the row describes it
};

// The number that stands for an optional member without a value.
inline constexpr std::int64_t kUnset = INT64_MIN;

struct Setting;
// Keys with values, in the order of their table: what an options struct is on its way through a
// file or a message.
using Settings = std::vector<Setting>;

struct FieldValue {
  std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<Setting>,
               std::vector<std::vector<Setting>>>
      value;

  std::int64_t number() const { return std::get<std::int64_t>(value); }
  const std::string& text() const { return std::get<std::string>(value); }
  bool is_unset() const {
    const auto* number = std::get_if<std::int64_t>(&value);
    return number != nullptr && *number == kUnset;
  }
  bool operator==(const FieldValue&) const;
};

struct Setting {
  std::string key;
  FieldValue value;
  bool operator==(const Setting&) const = default;
};

// A word that stands for a number: a choice, or `off` and `auto` beside numbers.
struct FieldWord {
  std::string_view spelling;
  std::int64_t number = 0;
};
template <typename E>
constexpr FieldWord word(std::string_view spelling, E value) {
  return {spelling, static_cast<std::int64_t>(value)};
}
// The spelling of an enumerator. REQUIRES: the words have it.
std::string_view spelling_of(std::span<const FieldWord> words, std::int64_t number);
template <typename E>
std::string_view spelling(std::span<const FieldWord> words, E value) {
  return spelling_of(words, static_cast<std::int64_t>(value));
}

// What a table's rules know of a map that was read, and the problems that they found.
struct FieldCheck {
  struct Problem {
    std::string key;  // "" for the map itself
    std::string message;
  };
  std::vector<std::string_view> said;  // keys that the map has
  std::vector<Problem> problems;

  bool has(std::string_view key) const;
  void error(std::string_view key, std::string message) {
    problems.push_back({std::string(key), std::move(message)});
  }
};

struct Field;

// Keys of which a map has exactly one, or not the first without one of the others.
struct FieldGroup {
  enum class Kind : std::uint8_t { kOneOf, kNeeds } kind = Kind::kOneOf;
  std::array<std::string_view, 6> keys{};  // up to the first empty one
};

// The rows of one struct. A value; tables are constexpr.
struct FieldTable {
  std::string_view name;  // of the map, in schemas and messages
  std::span<const Field> fields{};
  // An object of the struct with every member at its default.
  const void* (*defaults)() = nullptr;
  // Makes such an object, for callers that know the table but not the struct.
  std::shared_ptr<void> (*make)() = nullptr;
  std::span<const FieldGroup> groups{};
  // Checks relations between keys, and sets values that follow from others. Called once all keys
  // are read.
  void (*rules)(void* object, FieldCheck& check) = nullptr;

  constexpr FieldTable with(std::span<const FieldGroup> some) const {
    FieldTable out = *this;
    out.groups = some;
    return out;
  }
  constexpr FieldTable ruled(void (*check)(void* object, FieldCheck& check)) const {
    FieldTable out = *this;
    out.rules = check;
    return out;
  }
  // nullptr if there is none.
  const Field* find(std::string_view key) const;
  // Keys that are accepted, in the table's order.
  std::vector<std::string> keys() const;
};

struct Field {
  std::string_view key;
  std::string_view meaning{};  // a sentence
  FieldType type = FieldType::kOther;
  std::int64_t least = INT64_MIN;
  std::int64_t most = INT64_MAX;
  std::string_view worse_lower{};   // what gets worse when it is lower
  std::string_view worse_higher{};  // and when it is higher
  std::string_view unit{};          // of integers and reals: "packets", "TOPS"
  std::span<const FieldWord> words{};
  const FieldTable* table = nullptr;  // kMap, kMaps, kNamed
  std::string_view names{};           // what a text may name: "devices", "formats", "topologies"
  std::size_t items = 0;              // kIntegers: the most; 0: any number
  bool ranges = false;                // kIntegers: an item may be a range, 2-7
  bool required = false;
  bool quiet = false;           // written only where it differs from the default
  bool is_optional = false;     // kMap, kText, kReal: the member may have no value
  bool is_switch = false;       // kMap: `true` and `false` stand for the defaults and for none
  std::string_view refused{};   // non-empty: other versions know the key; why this one refuses it
  std::string_view standard{};  // the default in words, when it depends on other keys

  // Of a row in a table for maps that stand for one of several structs: the table of the row's own
  // struct. The member is that struct's; collect() and assign() of the joint table pass over it.
  const FieldTable* own = nullptr;

  FieldValue (*get)(const void* object) = nullptr;
  void (*set)(void* object, const FieldValue& value) = nullptr;
  // kMap: the member, made if it is optional. kMaps: a new last item.
  void* (*enter)(void* object) = nullptr;

 private:
  template <typename T, typename V>
  constexpr Field changed(T Field::*member, V value) const {
    Field out = *this;
    out.*member = value;
    return out;
  }

 public:
  template <typename T>
  constexpr Field between(T low, T high) const;
  // What gets worse when the value is lower or higher.
  constexpr Field trade(std::string_view lower, std::string_view higher) const {
    Field out = *this;
    out.worse_lower = lower;
    out.worse_higher = higher;
    return out;
  }
  constexpr Field in(std::string_view what) const { return changed(&Field::unit, what); }
  constexpr Field as(FieldType what) const { return changed(&Field::type, what); }
  // A flag with words is a choice between two, a list of numbers with words a list of words.
  constexpr Field spelled(std::span<const FieldWord> some) const {
    const Field out = changed(&Field::words, some);
    if (type == FieldType::kFlag) return out.as(FieldType::kChoice);
    return type == FieldType::kIntegers ? out.as(FieldType::kWords) : out;
  }
  constexpr Field of(const FieldTable& its) const { return changed(&Field::table, &its); }
  constexpr Field naming(std::string_view what) const { return changed(&Field::names, what); }
  constexpr Field up_to(std::size_t count) const { return changed(&Field::items, count); }
  constexpr Field with_ranges() const { return changed(&Field::ranges, true); }
  constexpr Field needed() const { return changed(&Field::required, true); }
  constexpr Field if_changed() const { return changed(&Field::quiet, true); }
  constexpr Field switchable() const { return changed(&Field::is_switch, true); }
  constexpr Field by_default(std::string_view said) const {
    return changed(&Field::standard, said);
  }
  // The row of `its`, for a table whose maps stand for one of several structs (a device's kinds,
  // say). What one of them needs, the others do not.
  constexpr Field from(const FieldTable& its) const {
    Field out = changed(&Field::own, &its);
    out.required = false;
    return out;
  }
};

// How members of each type travel. Numbers() is for types that are one integer.
template <typename T>
struct FieldTraits;

template <typename T>
requires std::is_integral_v<T> || std::is_enum_v<T>
struct FieldTraits<T> {
  static constexpr FieldType kType = std::is_same_v<T, bool>            ? FieldType::kFlag
                                     : std::is_enum_v<T>                ? FieldType::kChoice
                                     : std::is_same_v<T, std::uint64_t> ? FieldType::kUnsigned
                                                                        : FieldType::kInteger;
  static constexpr std::int64_t number(T value) { return static_cast<std::int64_t>(value); }
  static constexpr T from(std::int64_t number) { return static_cast<T>(number); }
};
template <>
struct FieldTraits<Duration> {
  static constexpr FieldType kType = FieldType::kDuration;
  static constexpr std::int64_t number(Duration value) { return value.count(); }
  static constexpr Duration from(std::int64_t number) { return Duration{number}; }
};
template <>
struct FieldTraits<Instant> {
  static constexpr FieldType kType = FieldType::kDuration;
  static constexpr std::int64_t number(Instant value) { return value.time_since_epoch().count(); }
  static constexpr Instant from(std::int64_t number) { return Instant{Duration{number}}; }
};

template <typename T, FieldType type, std::int64_t T::*member>
struct QuantityTraits {
  static constexpr FieldType kType = type;
  static constexpr std::int64_t number(T value) { return value.*member; }
  static constexpr T from(std::int64_t number) { return T{number}; }
};
template <>
struct FieldTraits<Bytes> : QuantityTraits<Bytes, FieldType::kBytes, &Bytes::count> {};
template <>
struct FieldTraits<BitRate>
    : QuantityTraits<BitRate, FieldType::kBitRate, &BitRate::bits_per_second> {};
template <>
struct FieldTraits<Frequency>
    : QuantityTraits<Frequency, FieldType::kFrequency, &Frequency::hertz> {};
template <>
struct FieldTraits<EventRate>
    : QuantityTraits<EventRate, FieldType::kEventRate, &EventRate::per_second> {};
template <>
struct FieldTraits<Probability>
    : QuantityTraits<Probability, FieldType::kProbability, &Probability::parts_per_billion> {};
template <typename T>
requires requires { FieldTraits<T>::number(T{}); }
struct FieldTraits<std::optional<T>> {
  static constexpr FieldType kType = FieldTraits<T>::kType;
  static constexpr std::int64_t number(const std::optional<T>& value) {
    return value ? FieldTraits<T>::number(*value) : kUnset;
  }
  static constexpr std::optional<T> from(std::int64_t number) {
    return number == kUnset ? std::optional<T>{} : FieldTraits<T>::from(number);
  }
};

template <typename T>
constexpr Field Field::between(T low, T high) const {
  Field out = *this;
  out.least = FieldTraits<T>::number(low);
  out.most = FieldTraits<T>::number(high);
  return out;
}

namespace fields_internal {

template <auto function>
struct Function;
template <typename S, typename T, T (S::*function)() const>
struct Function<function> {
  using Struct = S;
  using Type = T;
};

template <auto member>
struct Member;
template <typename S, typename T, T S::*member>
struct Member<member> {
  using Struct = S;
  using Type = T;
  static const T& of(const void* object) { return static_cast<const S*>(object)->*member; }
  static T& of(void* object) { return static_cast<S*>(object)->*member; }
};

// What a member or a derived value is in a FieldValue, and back.
template <typename T>
FieldValue value_from(const T& value) {
  if constexpr (requires { FieldTraits<T>::number(value); }) {
    return {FieldTraits<T>::number(value)};
  } else if constexpr (requires { value.has_value(); }) {
    return value ? FieldValue{*value} : FieldValue{kUnset};
  } else {
    return {value};
  }
}
template <typename T>
T value_to(const FieldValue& value) {
  if constexpr (requires { FieldTraits<T>::from(std::int64_t{}); }) {
    return FieldTraits<T>::from(value.number());
  } else if constexpr (requires(T item) { item.has_value(); }) {
    if (value.is_unset()) return std::nullopt;
    return std::get<typename T::value_type>(value.value);
  } else {
    return std::get<T>(value.value);
  }
}

template <typename T>
inline constexpr FieldType kPlainType = FieldType::kOther;
template <>
inline constexpr FieldType kPlainType<std::string> = FieldType::kText;
template <>
inline constexpr FieldType kPlainType<double> = FieldType::kReal;
template <typename T>
inline constexpr FieldType kPlainType<std::optional<T>> = kPlainType<T>;

template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};
template <typename T>
concept Number = requires(T value) {
  FieldTraits<T>::number(value);
};
template <typename T>
concept Numbers = requires(T value) {
  value.size();
  requires Number<typename T::value_type>;
}
&&!std::is_same_v<T, std::string>;

// The struct is a parameter of its own: GCC 12 gives instances that only have a pointer to a member of a
// struct in an unnamed namespace external linkage, so that structs and members of equal names in two files
// would share one.
template <typename S, auto member>
FieldValue get_plain(const void* object) {
  return value_from(Member<member>::of(object));
}
template <typename S, auto member>
void set_plain(void* object, const FieldValue& value) {
  using M = Member<member>;
  M::of(object) = value_to<typename M::Type>(value);
}
template <typename S, auto member>
FieldValue get_numbers(const void* object) {
  using M = Member<member>;
  std::vector<std::int64_t> out;
  for (const auto& item : M::of(object))
    out.push_back(FieldTraits<typename M::Type::value_type>::number(item));
  return {std::move(out)};
}
template <typename S, auto member>
void set_numbers(void* object, const FieldValue& value) {
  using M = Member<member>;
  using Item = typename M::Type::value_type;
  const auto& numbers = std::get<std::vector<std::int64_t>>(value.value);
  auto& out = M::of(object);
  if constexpr (IsVector<typename M::Type>::value) out.resize(numbers.size());
  for (std::size_t i = 0; i < out.size() && i < numbers.size(); ++i)
    out[i] = FieldTraits<Item>::from(numbers[i]);
}

}  // namespace fields_internal

// A row for a member that is a flag, a number, a quantity, an enumeration, a text, a real, an
// optional of these, or a list of numbers or of enumerators.
template <auto member>
constexpr Field field(std::string_view key, std::string_view meaning) {
  namespace in = fields_internal;
  using T = typename in::Member<member>::Type;
  Field out{.key = key, .meaning = meaning};
  if constexpr (in::Numbers<T>) {
    out.type = FieldType::kIntegers;
    out.get = &in::get_numbers<typename in::Member<member>::Struct, member>;
    out.set = &in::set_numbers<typename in::Member<member>::Struct, member>;
  } else {
    if constexpr (in::Number<T>)
      out.type = FieldTraits<T>::kType;
    else
      out.type = in::kPlainType<T>;
    static_assert(in::Number<T> || in::kPlainType<T> != FieldType::kOther);
    // An optional number has its own number for "unset"; other values have none.
    out.is_optional = !in::Number<T> && requires(T value) { value.has_value(); };
    out.get = &in::get_plain<typename in::Member<member>::Struct, member>;
    out.set = &in::set_plain<typename in::Member<member>::Struct, member>;
  }
  return out;
}

// A row for what a member function without arguments returns. It is shown, and cannot be set.
template <auto function>
constexpr Field derived(std::string_view key, std::string_view meaning) {
  namespace in = fields_internal;
  using S = typename in::Function<function>::Struct;
  using T = typename in::Function<function>::Type;
  Field out{.key = key, .meaning = meaning};
  if constexpr (in::Number<T>)
    out.type = FieldTraits<T>::kType;
  else
    out.type = in::kPlainType<T>;
  out.get = [](const void* object) {
    return in::value_from((static_cast<const S*>(object)->*function)());
  };
  return out;
}

// A row that only describes a key, which is read by hand.
constexpr Field described(std::string_view key, std::string_view meaning,
                          FieldType type = FieldType::kOther) {
  return {.key = key, .meaning = meaning, .type = type};
}

// A key that other versions know, and why this one refuses it.
constexpr Field refused(std::string_view key, std::string_view why) {
  return {.key = key, .refused = why};
}

namespace fields_internal {

template <typename Rows>
inline constexpr std::size_t kCount = std::tuple_size_v<Rows>;
template <std::size_t count>
inline constexpr std::size_t kCount<Field[count]> = count;

}  // namespace fields_internal

// The rows of several arrays, in this order.
template <typename... Rows>
constexpr auto joined(const Rows&... rows) {
  std::array<Field, (fields_internal::kCount<Rows> + ...)> out{};
  auto at = out.begin();
  ((at = std::copy(std::begin(rows), std::end(rows), at)), ...);
  return out;
}

template <typename S>
constexpr FieldTable fields_of(std::string_view name, std::span<const Field> rows) {
  FieldTable out{.name = name, .fields = rows};
  out.defaults = []() -> const void* {
    static const S object{};
    return &object;
  };
  out.make = []() -> std::shared_ptr<void> { return std::make_shared<S>(); };
  return out;
}

// The members of `object`, key by key, without unset members, described rows and rows of other
// structs.
Settings collect(const FieldTable& table, const void* object);
// Sets the members that `settings` names. Errors: a key or kind of value the table does not know.
Status assign(const FieldTable& table, const Settings& settings, void* object);
// nullptr if there is none.
const FieldValue* find_setting(const Settings& settings, std::string_view key);

namespace fields_internal {

template <typename S, auto member>
FieldValue get_map(const void* object, const FieldTable& table) {
  using M = Member<member>;
  if constexpr (requires { M::of(object).has_value(); }) {
    if (!M::of(object).has_value()) return {kUnset};
    return {collect(table, &*M::of(object))};
  } else {
    return {collect(table, &M::of(object))};
  }
}

}  // namespace fields_internal

// A row for keys that stand in a map of their own, but whose members are the object's.
template <const FieldTable& its>
constexpr Field section(std::string_view key, std::string_view meaning) {
  Field out{.key = key, .meaning = meaning, .type = FieldType::kMap, .table = &its};
  out.get = [](const void* object) { return FieldValue{collect(its, object)}; };
  out.enter = [](void* object) { return object; };
  out.set = [](void* object, const FieldValue& value) {
    (void)assign(its, std::get<Settings>(value.value), object);
  };
  return out;
}

// A row for a member that is a struct with a table of its own, or an optional one.
template <auto member, const FieldTable& its>
constexpr Field map_field(std::string_view key, std::string_view meaning) {
  namespace in = fields_internal;
  using M = in::Member<member>;
  constexpr bool is_optional = requires(typename M::Type value) { value.has_value(); };
  Field out{.key = key, .meaning = meaning, .type = FieldType::kMap, .table = &its};
  out.is_optional = is_optional;
  out.get = [](const void* object) {
    return in::get_map<typename in::Member<member>::Struct, member>(object, its);
  };
  out.enter = [](void* object) -> void* {
    if constexpr (is_optional) {
      if (!M::of(object).has_value()) M::of(object).emplace();
      return &*M::of(object);
    } else {
      return &M::of(object);
    }
  };
  out.set = [](void* object, const FieldValue& value) {
    if constexpr (is_optional) {
      if (value.is_unset()) {
        M::of(object).reset();
        return;
      }
      if (!M::of(object).has_value()) M::of(object).emplace();
      (void)assign(its, std::get<Settings>(value.value), &*M::of(object));
    } else {
      (void)assign(its, std::get<Settings>(value.value), &M::of(object));
    }
  };
  return out;
}

// A row for a member that is a vector of structs with a table of their own. Setting it replaces
// all.
template <auto member, const FieldTable& its>
constexpr Field maps_field(std::string_view key, std::string_view meaning) {
  namespace in = fields_internal;
  using M = in::Member<member>;
  Field out{.key = key, .meaning = meaning, .type = FieldType::kMaps, .table = &its};
  out.get = [](const void* object) {
    std::vector<Settings> items;
    for (const auto& item : M::of(object)) items.push_back(collect(its, &item));
    return FieldValue{std::move(items)};
  };
  out.enter = [](void* object) -> void* { return &M::of(object).emplace_back(); };
  out.set = [](void* object, const FieldValue& value) {
    M::of(object).clear();
    for (const Settings& item : std::get<std::vector<Settings>>(value.value))
      (void)assign(its, item, &M::of(object).emplace_back());
  };
  return out;
}

// A table and all tables reachable from it, each once, in the order of their keys.
std::vector<const FieldTable*> tables_of(const FieldTable& root);

// A value from the text of a file, in the row's units and within its limits. Errors say what is
// allowed. REQUIRES: the type is a number, choice or text.
Result<FieldValue> parse_value(const Field& field, std::string_view text);
// The text that parses back to the value: "50 us", "auto", "true". REQUIRES: as above.
std::string spell_value(const Field& field, const FieldValue& value);
// The spelling of the default value, or the row's description of it; "" if there is none.
std::string spell_default(const FieldTable& table, const Field& field);

}  // namespace soliton
