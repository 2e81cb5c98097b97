#include "cluster/yaml/yaml_mistakes.h"

#include <fmt/format.h>

#include <algorithm>

namespace soliton {
namespace {

// Walks over the words of the text. Of YAML it knows where a value may begin, which is where
// quotes, brackets and block scalars mean something; it need not be exact for unusual text.
class Walk {
 public:
  Walk(std::string_view text, std::int32_t first_line, std::size_t limit)
      : text_(text), first_line_(first_line), limit_(limit) {}

  std::vector<YamlMistake> mistakes() {
    while (!at_end() && mistakes_.size() < limit_) {
      if (mark_.column == 1)
        skip_blanks("a tab indents this line, which YAML does not allow: use spaces");
      if (!at_end()) step();
    }
    return std::move(mistakes_);
  }

 private:
  bool at_end() const { return at_ >= text_.size(); }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool at_any(std::string_view of) const { return !at_end() && of.find(peek()) != of.npos; }
  bool at_break() const { return at_any("\r\n"); }
  bool in_flow() const { return depth_ > 0; }

  void advance() {
    const char c = peek();
    ++at_;
    if (c == '\n' || (c == '\r' && peek() != '\n'))
      mark_ = {mark_.line + 1, 1, -1};
    else if ((static_cast<unsigned char>(peek()) & 0xc0U) != 0x80)
      ++mark_.column;
  }
  void advance_to(std::size_t at) {
    while (at_ < at) advance();
  }
  void skip_line() {
    while (!at_end() && !at_break()) advance();
    const std::int32_t line = mark_.line;
    while (!at_end() && mark_.line == line) advance();
  }

  void add(Mark mark, std::string message) {
    if (mark.line >= first_line_) mistakes_.push_back({mark, std::move(message)});
  }

  void skip_blanks(const char* refuses_tab) {
    bool told = in_flow();  // there a tab is a blank as any other
    for (; at_any(" \t"); advance()) {
      if (peek() != '\t' || told) continue;
      told = true;
      add(mark_, refuses_tab);
    }
    value_begins_ = true;
  }

  void step() {
    if (at_break() || at_any(" \t")) return advance();
    if (at_any("#")) return skip_line();
    if (value_begins_ && at_any("\"'")) return skip_quoted();
    if (value_begins_ && !in_flow() && at_any("|>")) return skip_block_scalar();
    if ((value_begins_ || in_flow()) && at_any("[{")) return mark_of_flow(1, true);
    if (in_flow() && at_any("]}")) return mark_of_flow(-1, false);
    if ((in_flow() && at_any(",")) || at_any(":")) return mark_of_flow(0, true);
    word();
  }

  void mark_of_flow(int deeper, bool value_begins) {
    depth_ += deeper;
    value_begins_ = value_begins;
    advance();
  }

  void skip_quoted() {
    const char quote = peek();
    value_begins_ = false;
    for (advance(); !at_end(); advance()) {
      const bool escape = quote == '"' ? peek() == '\\' : peek() == quote && peek(1) == quote;
      if (escape)
        advance();
      else if (peek() == quote)
        return advance();
    }
  }

  // To the first line that is indented less than the first line of the scalar.
  void skip_block_scalar() {
    std::size_t width = 0;
    for (skip_line(); !at_end(); skip_line()) {
      const std::size_t content = std::min(text_.find_first_not_of(' ', at_), text_.size());
      const bool blank =
          content == text_.size() || text_[content] == '\n' || text_[content] == '\r';
      if (blank) continue;
      if (width == 0) width = content - at_;
      if (content - at_ < std::max(width, std::size_t{1})) return;
    }
  }

  void skip_word() {
    while (!at_end() && !at_break() && !at_any(in_flow() ? " \t,[]{}" : " \t")) advance();
  }

  void word() {
    const Mark mark = mark_;
    const std::size_t begin = at_;
    skip_word();
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (value_begins_ && word == "-")
      return skip_blanks("a tab after \"-\", where YAML allows only spaces: use spaces");
    value_begins_ = word == "-" || word == "?" || word.ends_with(':');
    if (!in_flow() || value_begins_) return;
    const std::size_t end = at_;
    while (at_any("[")) {
      const std::size_t close = text_.find_first_not_of("0123456789-", at_ + 1);
      if (close == text_.npos || text_[close] != ']' || close == at_ + 1) break;
      advance_to(close + 1);
      skip_word();
    }
    if (at_ == end) return;
    const std::string_view range = text_.substr(begin, at_ - begin);
    const std::string_view name = range.ends_with(':') ? range.substr(0, range.size() - 1) : range;
    add(mark,
        fmt::format("a range inside {{}} or [] must be quoted: \"{}\"", printable(name, 100)));
    value_begins_ = name != range;
  }

  std::string_view text_;
  std::int32_t first_line_;
  std::size_t limit_;
  std::vector<YamlMistake> mistakes_;
  std::size_t at_ = 0;
  Mark mark_{1, 1, -1};
  int depth_ = 0;  // of brackets and braces
  bool value_begins_ = true;
};

}  // namespace

std::vector<YamlMistake> likely_mistakes(std::string_view text, std::int32_t refused_line,
                                         std::size_t limit) {
  std::vector<YamlMistake> mistakes = Walk(text, refused_line, limit).mistakes();
  if (!mistakes.empty() && mistakes.front().mark.line > refused_line) mistakes.clear();
  return mistakes;
}

}  // namespace soliton
