// The text of a YAML file as its parser walks over it: where it is, what comes next, and the
// scalars (YAML 1.2, chapters 6 and 7). Inside cluster/spec only.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "cluster/spec/yaml_tree.h"

namespace soliton {

class YamlText {
 public:
  YamlText(std::string_view text, const std::string& file);

  bool at_end() const { return at_ >= text_.size(); }
  // The byte `ahead` of here; '\0', which no text holds, beyond the end.
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool at_break() const { return peek() == '\n' || peek() == '\r'; }
  bool at_blank() const { return peek() == ' ' || peek() == '\t'; }
  // Whether the byte `ahead` ends a word: blank, line break or end.
  bool ends_word(std::size_t ahead) const;
  // `---` or `...` at the start of a line, which ends whatever came before.
  bool at_marker(std::string_view marker) const;
  bool at_marker() const { return at_marker("---") || at_marker("..."); }
  bool at_comment() const;
  Mark mark() const { return {line_, column() + 1, -1}; }
  std::int32_t column() const { return static_cast<std::int32_t>(at_ - line_start_); }
  // Spaces at the start of the line; tabs are none.
  std::int32_t indentation() const;

  void skip(std::size_t bytes) { at_ += bytes; }
  void skip_break();
  void skip_blanks();
  // Blanks and a comment; whether the line ends there.
  bool skip_rest_of_line();
  // Over blank lines and comments to what comes next. In block context a tab before it is an error.
  void skip_to_content(bool in_block);
  // What is left of the text.
  std::string_view rest() const { return text_.substr(std::min(at_, text_.size())); }
  // Up to the end of the line. A line may be as long as the file: only for who takes all of it.
  std::string_view rest_of_line() const;

  struct Place {
    std::size_t at, line_start;
    std::int32_t line;
  };
  Place place() const { return {at_, line_start_, line_}; }
  void return_to(const Place& place);

  void error(Mark mark, const std::string& message);
  // An error after which nothing can be made of the rest: everything is at its end then.
  void stop(Mark mark, const std::string& message);
  Diagnostics& errors() { return errors_; }

 private:
  std::string_view text_;
  std::string file_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  std::int32_t line_ = 1;
  bool stopped_ = false;
  Diagnostics errors_;
};

// The first byte that is not text, as an error: not UTF-8, or a control character.
void check_characters(std::string_view text, YamlText& errors);

struct YamlScalar {
  std::string text;
  bool plain = false;  // written without quotes, so that ~ and null mean nothing
  bool several_lines = false;
};

// Each begins at its first byte and leaves the text behind the last one.
YamlScalar scan_quoted(YamlText& text);
// In block context it goes on in lines indented by more than `parent`.
YamlScalar scan_plain(YamlText& text, std::int32_t parent, bool in_flow);
// `|` and `>`.
YamlScalar scan_block_scalar(YamlText& text, std::int32_t parent);

bool is_flow_mark(char c);

}  // namespace soliton
