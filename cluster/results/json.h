// Writes JSON whose bytes are the same on every machine: keys in the order of the calls, times from
// integers, other numbers in the shortest spelling that reads back to the same double.
//
//   JsonWriter json;
//   json.open('{', JsonWriter::Layout::kLines);
//   json.key("name");
//   json.string("gru");
//   json.close();
//   std::string text = json.take();
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/time.h"

namespace soliton {

// "1.234567" for 1,234,567 ps: microseconds, exact, without trailing zeros.
std::string spell_us(Duration d);
// Shortest spelling that reads back to the same value; "null" when not finite.
std::string spell_number(double value);

class JsonWriter {
 public:
  // kLines puts every member on a line of its own, kInline all of them on one.
  enum class Layout : std::uint8_t { kLines, kInline };

  // REQUIRES: bracket is '{' or '['.
  void open(char bracket, Layout layout = Layout::kInline);
  void close();
  void key(std::string_view name);

  // Bytes that are not UTF-8 become U+FFFD.
  void string(std::string_view value);
  void integer(std::int64_t value);
  void natural(std::uint64_t value);
  void number(double value);  // null when not finite
  void number(const std::optional<double>& value);
  void microseconds(Duration value);
  void boolean(bool value);
  void null();
  // A number, or true or false, as it is spelled already.
  void spelled(std::string_view value);

  // The text so far. REQUIRES: every open() has its close().
  std::string take();

 private:
  struct Level {
    char closing;
    Layout layout;
    bool empty = true;
  };
  void raw(std::string_view text);
  void separate();

  std::string out_;
  std::vector<Level> levels_;
  bool after_key_ = false;
};

}  // namespace soliton
