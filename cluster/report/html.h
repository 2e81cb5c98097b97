// HTML text. Everything that comes from a file is escaped, and the page's security policy forbids
// it to load anything, and to run or look like anything but what is written here.
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

// A cell that sorts by another value than its text.
struct SortCell {
  std::string text;
  std::string value;  // "": by its text
};
// The same as a table that the reader can sort by each of its columns.
std::string html_sort_table(const std::vector<std::string>& head,
                            const std::vector<std::vector<SortCell>>& rows,
                            std::size_t numbers_from = 1);

struct Card {
  std::string label, value, note;
  bool bad = false;
};
std::string html_cards(const std::vector<Card>& cards);

// "<section>" with a heading; `body` is HTML. "" if the body is.
std::string html_section(const std::string& heading, const std::string& body);

// A paragraph; "" if the text is.
std::string html_paragraph(const std::string& text, const std::string& kind = "");

// A whole document: no network, light or dark as the reader's system prefers. `body` is HTML,
// `title` text. The only script and style are the page's own, which its policy names by their
// digests.
std::string html_page(const std::string& title, const std::string& body);

}  // namespace soliton
