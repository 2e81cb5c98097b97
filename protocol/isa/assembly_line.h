// One line of an assembly file as tokens, and the errors found in it. Inside protocol/isa only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/isa/assembly.h"

namespace soliton {

struct Token {
  enum class Kind : std::uint8_t { kWord, kQuoted, kSign, kEnd };
  Kind kind = Kind::kEnd;
  std::string text;  // of a quoted name without quotes and escapes
  int column = 1;
  bool is(std::string_view sign) const { return kind != Kind::kQuoted && text == sign; }
  bool is_name() const { return kind == Kind::kWord || kind == Kind::kQuoted; }
};

// Errors of one file, each with its place; stops taking them after a hundred.
class AssemblyErrors {
 public:
  explicit AssemblyErrors(std::string file) : file_(std::move(file)) {}
  void add(SourcePlace place, const std::string& message);
  Diagnostics take() { return std::move(found_); }
  std::size_t count() const { return found_.errors.size(); }

 private:
  std::string file_;
  Diagnostics found_;
};

// Reads tokens from left to right. After the first error the rest of the line is skipped.
class AssemblyLine {
 public:
  AssemblyLine(std::string_view text, int number, AssemblyErrors& errors);

  bool good() const { return good_; }
  const Token& peek() const { return tokens_[next_]; }
  const Token& peek_second() const { return tokens_[std::min(next_ + 1, tokens_.size() - 1)]; }
  Token take();
  bool at_end() const { return peek().kind == Token::Kind::kEnd; }
  SourcePlace place() const { return {number_, peek().column}; }

  void fail(const Token& token, const std::string& message);
  // "expected WHAT, not "x"".
  void unexpected(const std::string& what);
  // Takes the next token if it is `sign`.
  bool accept(std::string_view sign);
  bool expect(std::string_view sign);
  void expect_end();

  std::optional<Token> name(const std::string& what);
  // A whole number between the limits.
  std::optional<std::int64_t> number(const std::string& what, std::int64_t least,
                                     std::int64_t most);
  // One of the names; an error names them, and the nearest.
  std::optional<std::size_t> choice(const std::string& what, const std::vector<std::string>& names);

 private:
  void split(std::string_view text);
  std::size_t split_quoted(std::string_view text, std::size_t at);

  int number_;
  AssemblyErrors& errors_;
  std::vector<Token> tokens_;  // ends with a kEnd
  std::size_t next_ = 0;
  bool good_ = true;
};

std::optional<std::int64_t> whole_number(std::string_view text);

// As a token: plain, or in quotes.
std::string spell_name(const std::string& name);
// `; did you mean "x"?`, or "".
std::string nearest_hint(const std::string& name, const std::vector<std::string>& names);

}  // namespace soliton
