// HTML text. Everything that comes from a file is escaped, and the page's security policy forbids
// it to load or run anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace soliton {

// Escapes text or a quoted attribute value; bytes that are not UTF-8 become U+FFFD, control bytes a
// blank.
std::string html_escape(std::string_view text);

// A table. The cells are escaped here; columns from `numbers_from` on are aligned right.
std::string html_table(const std::vector<std::string>& head,
                       const std::vector<std::vector<std::string>>& rows,
                       std::size_t numbers_from = 1);

struct Card {
  std::string label, value, note;
  bool bad = false;
};
std::string html_cards(const std::vector<Card>& cards);

// "<section>" with a heading; `body` is HTML.
std::string html_section(const std::string& heading, const std::string& body);

// A whole document: no script, no network, light or dark as the reader's system prefers. `body` is
// HTML, `title` text.
std::string html_page(const std::string& title, const std::string& body);

}  // namespace soliton
