#include "cluster/report/html.h"

#include <fmt/format.h>

#include "protocol/base/text.h"

namespace soliton {

std::string html_escape(std::string_view text) {
  std::string out;
  for (const char c : valid_utf8(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default: {
        const auto byte = static_cast<unsigned char>(c);
        const bool control = byte == 0x7f || (byte < 0x20 && c != '\n' && c != '\t');
        out += control ? ' ' : c;
      }
    }
  }
  return out;
}

std::string html_table(const std::vector<std::string>& head,
                       const std::vector<std::vector<std::string>>& rows,
                       std::size_t numbers_from) {
  const auto row_text = [&](const std::vector<std::string>& cells, const char* tag) {
    std::string out = "<tr>";
    for (std::size_t i = 0; i < cells.size(); ++i)
      out += fmt::format("<{0}{1}>{2}</{0}>", tag, i >= numbers_from ? " class=\"n\"" : "",
                         html_escape(cells[i]));
    return out + "</tr>\n";
  };
  std::string out =
      "<div class=\"wide\"><table>\n<thead>" + row_text(head, "th") + "</thead>\n<tbody>\n";
  for (const auto& row : rows) out += row_text(row, "td");
  return out + "</tbody></table></div>\n";
}

std::string html_cards(const std::vector<Card>& cards) {
  std::string out = "<div class=\"cards\">\n";
  for (const Card& card : cards)
    out += fmt::format(
        "<div class=\"card{}\"><div class=\"label\">{}</div><div class=\"value\">{}</div>"
        "<div class=\"note\">{}</div></div>\n",
        card.bad ? " bad" : "", html_escape(card.label), html_escape(card.value),
        html_escape(card.note));
  return out + "</div>\n";
}

std::string html_section(const std::string& heading, const std::string& body) {
  return fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", html_escape(heading), body);
}

}  // namespace soliton
