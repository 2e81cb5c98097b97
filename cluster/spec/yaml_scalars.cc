// Scalars of YAML 1.2: plain (7.3.3), quoted (7.3.1, 7.3.2) and block (8.1).
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "cluster/spec/yaml_text.h"

namespace soliton {
namespace {

// ---- lines that are folded into one ----

// Over a line break, blank lines and the blanks before what follows. A single break stands for a
// blank, more of them for one line break less.
std::string folded_break(YamlText& text) {
  std::size_t breaks = 0;
  for (;;) {
    text.skip_blanks();
    if (!text.at_break()) break;
    text.skip_break();
    ++breaks;
  }
  return breaks == 1 ? " " : std::string(breaks > 0 ? breaks - 1 : 0, '\n');
}

void trim_blanks(std::string& text, std::size_t keep) {
  while (text.size() > keep && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
}

// ---- escapes of double quotes ----

struct Escape {
  char name;
  std::string_view text;
};
constexpr Escape kEscapes[] = {{'0', std::string_view("\0", 1)},
                               {'a', "\a"},
                               {'b', "\b"},
                               {'t', "\t"},
                               {'\t', "\t"},
                               {'n', "\n"},
                               {'v', "\v"},
                               {'f', "\f"},
                               {'r', "\r"},
                               {'e', "\x1b"},
                               {' ', " "},
                               {'"', "\""},
                               {'/', "/"},
                               {'\\', "\\"},
                               {'N', "\xc2\x85"},
                               {'_', "\xc2\xa0"},
                               {'L', "\xe2\x80\xa8"},
                               {'P', "\xe2\x80\xa9"}};

void append_utf8(std::string& out, std::uint32_t c) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (c >> shift & 0x3f)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6), tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12), tail(6), tail(0);
  } else {
    out += static_cast<char>(0xf0 | c >> 18), tail(12), tail(6), tail(0);
  }
}

// \xHH, \uHHHH, \UHHHHHHHH. The text is behind the letter.
void append_coded(YamlText& text, std::size_t digits, Mark mark, std::string& out) {
  const std::string_view code = text.rest().substr(0, digits);
  std::uint32_t value = 0;
  const auto [end, problem] = std::from_chars(code.data(), code.data() + code.size(), value, 16);
  if (problem != std::errc{} || code.size() != digits || end != code.data() + digits)
    return text.stop(mark,
                     fmt::format("not valid YAML: the escape takes {} hexadecimal digits", digits));
  if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
    return text.stop(mark, fmt::format("not valid YAML: {} is no character", code));
  append_utf8(out, value);
  text.skip(digits);
}

// The text is at the backslash.
void append_escape(YamlText& text, std::string& out) {
  const Mark mark = text.mark();
  text.skip(1);
  if (text.at_break()) {
    text.skip_break();
    text.skip_blanks();
    return;
  }
  const char name = text.peek();
  text.skip(1);
  if (name == 'x') return append_coded(text, 2, mark, out);
  if (name == 'u') return append_coded(text, 4, mark, out);
  if (name == 'U') return append_coded(text, 8, mark, out);
  const auto known = std::find_if(std::begin(kEscapes), std::end(kEscapes),
                                  [&](const Escape& it) { return it.name == name; });
  if (known == std::end(kEscapes))
    return text.stop(mark, fmt::format("not valid YAML: no escape \\{}; a backslash is \\\\ in "
                                       "double quotes, or use single ones",
                                       name));
  out += known->text;
}

// ---- plain ----

bool is_break(char c) { return c == '\n' || c == '\r'; }

// Where a plain scalar ends: with its line, at a comment, at ": ", in flow context at its marks.
std::size_t plain_length(const std::string_view text, bool in_flow) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_break(c) || (in_flow && is_flow_mark(c))) return i;
    if (c == '#' && i > 0 && (text[i - 1] == ' ' || text[i - 1] == '\t')) return i;
    if (c != ':') continue;
    const char next = i + 1 < text.size() ? text[i + 1] : ' ';
    if (next == ' ' || next == '\t' || is_break(next) || (in_flow && is_flow_mark(next))) return i;
  }
  return text.size();
}

// Whether a scalar goes on behind a line break. The text is at what follows.
bool goes_on(const YamlText& text, std::int32_t parent, std::int32_t indent, bool in_flow) {
  if (text.at_end() || text.at_comment() || text.at_marker()) return false;
  return in_flow ? !is_flow_mark(text.peek()) : indent > parent;
}

// ---- block ----

struct BlockHeader {
  bool folded = false;
  char chomp = ' ';         // '-': no line break at the end, '+': all of them
  std::int32_t indent = 0;  // given; 0: that of the first line
};

BlockHeader scan_header(YamlText& text, std::int32_t parent) {
  BlockHeader header;
  const Mark mark = text.mark();
  header.folded = text.peek() == '>';
  text.skip(1);
  for (; !text.ends_word(0); text.skip(1)) {
    const char c = text.peek();
    if (c == '-' || c == '+')
      header.chomp = c;
    else if (c >= '1' && c <= '9')
      header.indent = std::max(parent, 0) + (c - '0');
    else
      break;
  }
  if (!text.skip_rest_of_line())
    text.stop(mark, "not valid YAML: the text of | and > begins on the next line");
  else if (!text.at_end())
    text.skip_break();
  return header;
}

// Blank lines and the indentation of the next one. Sets `indent` when it is not known yet.
std::string skip_indentation(YamlText& text, std::int32_t parent, std::int32_t& indent) {
  std::string breaks;
  std::int32_t widest = 0;
  for (;;) {
    while ((indent == 0 || text.column() < indent) && text.peek() == ' ') text.skip(1);
    widest = std::max(widest, text.column());
    if (!text.at_break()) break;
    text.skip_break();
    breaks += '\n';
  }
  if (indent == 0) indent = std::max({widest, parent + 1, 1});
  return breaks;
}

}  // namespace

YamlScalar scan_quoted(YamlText& text) {
  YamlScalar out;
  const Mark mark = text.mark();
  const char quote = text.peek();
  std::size_t keep = 0;  // blanks before are written as escapes
  text.skip(1);
  for (;;) {
    const char c = text.peek();
    if (text.at_end() || text.at_marker()) {
      text.stop(mark, fmt::format("not valid YAML: this {} is never closed", quote));
      return out;
    }
    if (c == quote && quote == '\'' && text.peek(1) == quote) {
      out.text += quote;
      text.skip(2);
    } else if (c == quote) {
      text.skip(1);
      return out;
    } else if (text.at_break()) {
      trim_blanks(out.text, keep);
      out.text += folded_break(text);
      out.several_lines = true;
    } else if (c == '\\' && quote == '"') {
      append_escape(text, out.text);
      keep = out.text.size();
    } else {
      out.text += c;
      text.skip(1);
    }
  }
}

YamlScalar scan_plain(YamlText& text, std::int32_t parent, bool in_flow) {
  YamlScalar out;
  out.plain = true;
  for (;;) {
    const std::size_t length = plain_length(text.rest(), in_flow);
    out.text += text.rest().substr(0, length);
    trim_blanks(out.text, 0);
    text.skip(length);
    if (!text.at_break()) return out;
    const YamlText::Place end = text.place();
    const std::string fold = folded_break(text);
    if (!goes_on(text, parent, text.indentation(), in_flow)) return text.return_to(end), out;
    out.text += fold;
    out.several_lines = true;
  }
}

YamlScalar scan_block_scalar(YamlText& text, std::int32_t parent) {
  YamlScalar out;
  const BlockHeader header = scan_header(text, parent);
  std::int32_t indent = header.indent;
  std::string breaks = skip_indentation(text, parent, indent);
  bool open = false;       // a line has been taken whose break is not written yet
  bool was_blank = false;  // it was indented further: nothing around it is folded
  while (!text.at_end() && text.column() == indent && !text.at_marker()) {
    const bool is_blank = text.at_blank();
    if (header.folded && open && !was_blank && !is_blank)
      out.text += breaks.empty() ? " " : "";
    else if (open)
      out.text += '\n';
    out.text += breaks;
    was_blank = is_blank;
    const std::string_view line = text.rest_of_line();
    out.text += line;
    text.skip(line.size());
    open = text.at_break();
    if (open) text.skip_break();
    breaks = skip_indentation(text, parent, indent);
  }
  if (header.chomp != '-' && open) out.text += '\n';
  if (header.chomp == '+') out.text += breaks;
  return out;
}

}  // namespace soliton
