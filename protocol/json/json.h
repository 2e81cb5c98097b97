// JSON values and their text, whose bytes are the same on every machine: members in the order in
// which they were added, times exact, numbers in the shortest spelling that reads back to the same
// double. All JSON that the programs write is made here.
//
//   Json out{{"name", run.name}, {"mean_us", json_us(mean)}};
//   out["nodes"] = Json::array();
//   std::string text = json_text(out, JsonLayout::kRows) + "\n";
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/base/time.h"

namespace soliton {

using Json = nlohmann::ordered_json;

// "1.234567" for 1,234,567 ps: microseconds, exact, without trailing zeros.
std::string spell_us(Duration d);
// Shortest spelling that reads back to the same value; "null" when not finite.
std::string spell_number(double value);

// A number, true or false, in its final spelling. Only json_text() knows it: no other output of a
// value that holds one is JSON.
Json json_spelled(std::string_view text);
inline Json json_us(Duration d) { return json_spelled(spell_us(d)); }

// The value, or null if there is none.
template <typename T>
Json json_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}
template <typename T>
Json json_or_null(T value, bool known) {
  return known ? Json(value) : Json();
}

enum class JsonLayout : std::uint8_t {
  kLine,      // all in one line
  kRows,      // for files: members of the whole and the objects of lists have lines of their own
  kIndented,  // for terminals: one value a line, two spaces a level, all beyond ASCII escaped
};

// Without a newline at the end. Bytes of a text that are not UTF-8 become U+FFFD. kLine and kRows
// escape control characters and marks of direction, so that a file that is shown on a terminal does
// not drive it, and make null of numbers that are not finite. REQUIRES: kIndented, no
// json_spelled().
std::string json_text(const Json& value, JsonLayout layout);

}  // namespace soliton
