// A name from a model file as messages quote it: escaped, without surrounding quotes, cut at
// `limit` bytes.
#pragma once

#include <string>
#include <string_view>

#include "protocol/base/text.h"

namespace soliton {

inline std::string shown_name(std::string_view text, std::size_t limit = 128) {
  std::string out;
  for (const char c : printable(text, limit))
    out += c == '"' ? std::string("\\x22") : std::string(1, c);
  return out;
}

}  // namespace soliton
