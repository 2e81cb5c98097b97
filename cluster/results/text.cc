#include "cluster/results/text.h"

#include "protocol/base/text.h"

namespace soliton {

std::string csv_cell(std::string_view text) {
  const bool formula =
      !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos;
  if (!formula && text.find_first_of(",\"\r\n") == std::string_view::npos) return valid_utf8(text);
  std::string out = formula ? "\"'" : "\"";
  for (const char c : valid_utf8(text)) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

}  // namespace soliton
