// JSON that people or other programs wrote, as a tree whose values know where they stand, so that
// what is wrong with one can be said as `file:line:column: …`. Numbers keep their spelling: whoever
// needs them exactly reads the digits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.h"

namespace soliton {

struct LocatedJson {
  enum class Kind : std::uint8_t { kNull, kFlag, kNumber, kText, kList, kObject };
  Kind kind = Kind::kNull;
  bool flag = false;
  std::string text;                // of a text; of a number its spelling
  std::size_t offset = 0;          // of its first byte
  std::vector<LocatedJson> items;  // of a list; of an object the values
  std::vector<std::string> keys;   // of an object, in the order of `items`

  // The value of a key, or nullptr.
  const LocatedJson* find(std::string_view key) const;
};

// "a number", "a list", …
const char* kind_name(LocatedJson::Kind kind);

// From offsets to `file:line:column`; columns count characters. Keeps its own copy of the text.
class TextPlaces {
 public:
  TextPlaces(std::string file, std::string text);

  const std::string& text() const { return text_; }
  int line(std::size_t offset) const;
  std::string at(std::size_t offset) const;
  // The message of an error, with its place in front.
  Error error(std::size_t offset, const std::string& message) const;

 private:
  std::string file_, text_;
  std::vector<std::size_t> lines_;  // offsets of their first bytes
};

// At most 100 levels deep. Errors: kInvalid; the text is not JSON, or an object has a key twice.
Checked<LocatedJson> parse_located(const TextPlaces& places);

}  // namespace soliton
