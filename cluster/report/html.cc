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

namespace {

std::string table_text(const char* kind, const std::vector<std::string>& head,
                       const std::string& rows, std::size_t numbers_from) {
  std::string out = fmt::format("<div class=\"wide\" tabindex=\"0\"><table{}>\n<thead><tr>", kind);
  for (std::size_t i = 0; i < head.size(); ++i)
    out +=
        fmt::format("<th{}>{}</th>", i >= numbers_from ? " class=\"n\"" : "", html_escape(head[i]));
  return out + "</tr>\n</thead>\n<tbody>\n" + rows + "</tbody></table></div>\n";
}

}  // namespace

std::string html_table(const std::vector<std::string>& head,
                       const std::vector<std::vector<std::string>>& rows,
                       std::size_t numbers_from) {
  std::string body;
  for (const auto& row : rows) {
    body += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i)
      body += fmt::format("<td{}>{}</td>", i >= numbers_from ? " class=\"n\"" : "",
                          html_escape(row[i]));
    body += "</tr>\n";
  }
  return table_text("", head, body, numbers_from);
}

std::string html_sort_table(const std::vector<std::string>& head,
                            const std::vector<std::vector<SortCell>>& rows,
                            std::size_t numbers_from) {
  std::string body;
  for (const auto& row : rows) {
    body += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i)
      body += fmt::format(
          "<td{}{}>{}</td>", i >= numbers_from ? " class=\"n\"" : "",
          row[i].value.empty() ? "" : fmt::format(" data-v=\"{}\"", html_escape(row[i].value)),
          html_escape(row[i].text));
    body += "</tr>\n";
  }
  return table_text(" class=\"sort\"", head, body, numbers_from);
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
  if (body.empty()) return "";
  return fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", html_escape(heading), body);
}

std::string html_paragraph(const std::string& text, const std::string& kind) {
  if (text.empty()) return "";
  return fmt::format("<p{}>{}</p>\n", kind.empty() ? "" : fmt::format(" class=\"{}\"", kind),
                     html_escape(text));
}

}  // namespace soliton
