// Text from files and names, made safe to show.
//
// Text from a file must not control a terminal: control characters (C0, DEL, C1), marks that turn
// the direction of writing, and line separators are spelled out before they are printed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace soliton {

// The character at the front of `text`. A byte that begins no valid UTF-8 sequence (overlong,
// surrogate, above U+10FFFF, cut off) has size 1 and valid == false. REQUIRES: text is not empty.
struct Utf8Character {
  std::uint32_t code_point = 0;
  std::size_t size = 1;
  bool valid = false;
};
Utf8Character front_character(std::string_view text);

// Characters of a text: code points of valid UTF-8.
std::size_t character_count(std::string_view text);

// `text` with every byte that is not part of a valid UTF-8 sequence replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

// Whether a character must not reach a terminal as it is: U+0000 to U+001F, U+007F to U+009F,
// U+061C, U+200B to U+200F, U+2028 to U+202E, U+2066 to U+2069, U+FEFF.
bool needs_escape(std::uint32_t code_point);

// One line: each such character as \x1b (one byte) or \u202e, bytes that are not UTF-8 as \xff.
std::string escaped(std::string_view text);
// The same for text of several lines: line breaks and tabs stay.
std::string escaped_lines(std::string_view text);
// escaped(), at most `longest` bytes of `text`, then "...": for names that messages quote.
std::string printable(std::string_view text, std::size_t longest = 600);

}  // namespace soliton
