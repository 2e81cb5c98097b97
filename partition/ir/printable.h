// Text of a file, made safe for a terminal and a log line: control bytes and quotes as \xNN, cut at
// `limit` bytes.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace soliton {

inline std::string printable(std::string_view text, std::size_t limit = 128) {
  std::string out;
  for (const char c : text.substr(0, limit)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == '"' || c == '\\')
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return text.size() > limit ? out + "..." : out;
}

}  // namespace soliton
