#include "cluster/spec/yaml_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace soliton {
namespace {

constexpr std::size_t kErrorsLimit = 100;

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

Mark mark_of(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const std::size_t line_end = before.rfind('\n');
  const std::size_t start = line_end == std::string_view::npos ? 0 : line_end + 1;
  return {static_cast<std::int32_t>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<std::int32_t>(at - start) + 1, -1};
}

}  // namespace

bool is_flow_mark(char c) { return c == ',' || c == '[' || c == ']' || c == '{' || c == '}'; }

YamlText::YamlText(std::string_view text, const std::string& file)
    : text_(text), file_(printable(file)) {
  constexpr std::string_view kByteOrder = "\xef\xbb\xbf";
  if (text_.starts_with(kByteOrder)) at_ = line_start_ = kByteOrder.size();
}

bool YamlText::ends_word(std::size_t ahead) const {
  const char c = peek(ahead);
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || at_ + ahead >= text_.size();
}

bool YamlText::at_marker(std::string_view marker) const {
  return at_ == line_start_ && text_.substr(at_, 3) == marker && ends_word(3);
}

bool YamlText::at_comment() const {
  if (peek() != '#') return false;
  return at_ == line_start_ || text_[at_ - 1] == ' ' || text_[at_ - 1] == '\t';
}

void YamlText::skip_break() {
  at_ += peek() == '\r' && peek(1) == '\n' ? 2 : 1;
  line_start_ = at_;
  ++line_;
}

void YamlText::skip_blanks() {
  while (at_blank()) ++at_;
}

std::int32_t YamlText::indentation() const {
  const std::size_t end = std::min(text_.find_first_not_of(' ', line_start_), text_.size());
  return static_cast<std::int32_t>(end - line_start_);
}

std::string_view YamlText::rest_of_line() const {
  return rest().substr(0, rest().find_first_of("\r\n"));
}

bool YamlText::skip_rest_of_line() {
  skip_blanks();
  if (at_comment()) at_ += rest_of_line().size();
  return at_end() || at_break();
}

void YamlText::skip_to_content(bool in_block) {
  while (!at_end()) {
    const bool starts_line = at_ == line_start_;
    while (peek() == ' ') ++at_;
    const Mark here = mark();
    const bool tab = peek() == '\t';
    if (skip_rest_of_line()) {
      if (at_end()) return;
      skip_break();
      continue;
    }
    if (tab && starts_line && in_block)
      stop(here, "a tab indents this line, which YAML does not take: use spaces");
    return;
  }
}

void YamlText::return_to(const Place& place) {
  if (stopped_) return;
  at_ = place.at;
  line_start_ = place.line_start;
  line_ = place.line;
}

void YamlText::error(Mark mark, const std::string& message) {
  if (stopped_ || errors_.errors.size() >= kErrorsLimit) return;
  errors_.add(ErrorCode::kInvalid,
              fmt::format("{}:{}:{}: {}", file_, mark.line, mark.column, printable(message)));
}

void YamlText::stop(Mark mark, const std::string& message) {
  error(mark, message);
  stopped_ = true;
  at_ = line_start_ = text_.size();
}

void check_characters(std::string_view text, YamlText& errors) {
  for (std::size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      if (is_control(text[at]))
        return errors.stop(
            mark_of(text, at),
            fmt::format("control character \\x{:02x}",
                        static_cast<unsigned>(static_cast<unsigned char>(text[at]))));
      ++at;
      continue;
    }
    const Utf8Character c = front_character(text.substr(at));
    if (!c.valid) return errors.stop(mark_of(text, at), "not valid UTF-8");
    at += c.size;
  }
}

}  // namespace soliton
