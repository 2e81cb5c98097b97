#include "protocol/base/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace soliton {
namespace {

// Bytes of the sequence that `lead` begins; 0: it begins none. C0, C1 and F5.. never occur.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

// Overlong forms, surrogates and values above U+10FFFF show in the second byte (Unicode 15, table
// 3-7).
bool second_byte_allowed(unsigned char lead, unsigned char second) {
  if (lead == 0xe0) return second >= 0xa0;
  if (lead == 0xed) return second <= 0x9f;
  if (lead == 0xf0) return second >= 0x90;
  if (lead == 0xf4) return second <= 0x8f;
  return true;
}

std::string spelled(std::uint32_t code_point) {
  return code_point < 0x100 ? fmt::format("\\x{:02x}", code_point)
                            : fmt::format("\\u{:04x}", code_point);
}

// `stays(code_point)`: characters that are shown although they would need an escape.
template <typename Stays>
std::string escape(std::string_view text, Stays stays) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8Character c = front_character(text);
    if (!c.valid)
      out += spelled(static_cast<unsigned char>(text[0]));
    else if (needs_escape(c.code_point) && !stays(c.code_point))
      out += spelled(c.code_point);
    else
      out += text.substr(0, c.size);
    text.remove_prefix(c.size);
  }
  return out;
}

}  // namespace

Utf8Character front_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t size = sequence_length(byte(0));
  if (size == 0 || size > text.size()) return {};
  std::uint32_t code_point = size == 1 ? byte(0) : byte(0) & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code_point = code_point << 6 | (byte(i) & 0x3f);
  }
  if (size > 1 && !second_byte_allowed(byte(0), byte(1))) return {};
  return {code_point, size, true};
}

std::size_t character_count(std::string_view text) {
  // Every byte but the continuations of a sequence begins a character.
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8Character c = front_character(text);
    out += c.valid ? text.substr(0, c.size) : std::string_view("\xef\xbf\xbd");
    text.remove_prefix(c.size);
  }
  return out;
}

bool needs_escape(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

std::string escaped(std::string_view text) {
  return escape(text, [](std::uint32_t) { return false; });
}

std::string escaped_lines(std::string_view text) {
  return escape(text, [](std::uint32_t c) { return c == '\n' || c == '\t'; });
}

std::string printable(std::string_view text, std::size_t longest) {
  if (text.size() <= longest) return escaped(text);
  // Cut between characters, so that none is taken for broken bytes.
  while (longest > 0 && (static_cast<unsigned char>(text[longest]) & 0xc0) == 0x80) --longest;
  return escaped(text.substr(0, longest)) + "...";
}

}  // namespace soliton
