#include "protocol/isa/assembly_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace soliton {

namespace {

constexpr std::size_t kErrorsLimit = 100;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-' || c == '/';
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

bool is_plain(const std::string& name) {
  return !name.empty() && name[0] != '.' && name[0] != '-' && !(name[0] >= '0' && name[0] <= '9') &&
         std::ranges::all_of(name, is_word);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// The character behind a backslash at `at`, which moves behind it; nothing for an unknown escape.
std::optional<char> escape(std::string_view text, std::size_t& at) {
  const char c = at < text.size() ? text[at++] : '\0';
  if (c == '"' || c == '\\') return c;
  if (c != 'x' || at + 2 > text.size()) return std::nullopt;
  const int high = hex_digit(text[at]);
  const int low = hex_digit(text[at + 1]);
  at += 2;
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(16 * high + low);
}

}  // namespace

void AssemblyErrors::add(SourcePlace place, const std::string& message) {
  // The limit itself is reported once.
  if (found_.errors.size() == kErrorsLimit)
    found_.add(ErrorCode::kInvalid,
               fmt::format("{}: more errors than {}: no more are shown", file_, kErrorsLimit));
  if (found_.errors.size() > kErrorsLimit) return;
  found_.add(ErrorCode::kInvalid,
             fmt::format("{}:{}:{}: {}", file_, place.line, place.column, message));
}

AssemblyLine::AssemblyLine(std::string_view text, int number, AssemblyErrors& errors)
    : number_(number), errors_(errors) {
  split(text);
}

void AssemblyLine::split(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && text[at] != '#') {
    const int column = static_cast<int>(at) + 1;
    if (is_space(text[at])) {
      ++at;
    } else if (text[at] == '"') {
      at = split_quoted(text, at);
    } else if (is_word(text[at])) {
      std::size_t end = at;
      while (end < text.size() && is_word(text[end])) ++end;
      tokens_.push_back({Token::Kind::kWord, std::string(text.substr(at, end - at)), column});
      at = end;
    } else {
      tokens_.push_back({Token::Kind::kSign, std::string(1, text[at]), column});
      ++at;
    }
  }
  tokens_.push_back({Token::Kind::kEnd, "", static_cast<int>(std::min(at, text.size())) + 1});
}

std::size_t AssemblyLine::split_quoted(std::string_view text, std::size_t at) {
  Token token{Token::Kind::kQuoted, "", static_cast<int>(at) + 1};
  for (++at; at < text.size() && text[at] != '"';) {
    if (text[at] != '\\') {
      token.text += text[at++];
      continue;
    }
    const int column = static_cast<int>(at) + 1;
    const std::optional<char> c = escape(text, ++at);
    if (!c && good_) fail({Token::Kind::kSign, "", column}, R"(allowed escapes: \" \\ \xHH)");
    token.text += c.value_or('?');
  }
  if (at >= text.size() && good_) fail(token, "a name in quotes does not end on its line");
  tokens_.push_back(std::move(token));
  return std::min(at + 1, text.size());
}

Token AssemblyLine::take() {
  Token token = peek();
  if (next_ + 1 < tokens_.size()) ++next_;
  return token;
}

// Only the first error of a line is reported, as later ones usually follow from it. Moving to the
// end makes all further reading of the line fail silently.
void AssemblyLine::fail(const Token& token, const std::string& message) {
  if (!good_) return;
  errors_.add({number_, token.column}, message);
  good_ = false;
  next_ = tokens_.empty() ? 0 : tokens_.size() - 1;
}

void AssemblyLine::unexpected(const std::string& what) {
  const Token& token = peek();
  fail(token, token.kind == Token::Kind::kEnd
                  ? fmt::format("the line ends where {} is expected", what)
                  : fmt::format("expected {}, not \"{}\"", what, token.text));
}

bool AssemblyLine::accept(std::string_view sign) {
  if (!good_ || !peek().is(sign)) return false;
  take();
  return true;
}

bool AssemblyLine::expect(std::string_view sign) {
  if (accept(sign)) return true;
  unexpected(fmt::format("\"{}\"", sign));
  return false;
}

void AssemblyLine::expect_end() {
  if (good_ && !at_end()) unexpected("the end of the line");
}

std::optional<Token> AssemblyLine::name(const std::string& what) {
  if (good_ && peek().is_name() && !peek().text.empty()) return take();
  unexpected(what);
  return std::nullopt;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> AssemblyLine::number(const std::string& what, std::int64_t least,
                                                 std::int64_t most) {
  if (!good_) return std::nullopt;
  const std::optional<std::int64_t> value =
      peek().kind == Token::Kind::kWord ? whole_number(peek().text) : std::nullopt;
  if (!value) {
    unexpected(fmt::format("{}, a whole number", what));
    return std::nullopt;
  }
  if (*value < least || *value > most) {
    fail(peek(), fmt::format("{} must be {} to {}, not {}", what, least, most, *value));
    return std::nullopt;
  }
  take();
  return value;
}

std::optional<std::size_t> AssemblyLine::choice(const std::string& what,
                                                const std::vector<std::string>& names) {
  if (!good_) return std::nullopt;
  const auto found = std::ranges::find(names, peek().text);
  if (peek().kind == Token::Kind::kWord && found != names.end()) {
    take();
    return static_cast<std::size_t>(found - names.begin());
  }
  if (at_end())
    unexpected(what);
  else
    fail(peek(), fmt::format("no {} called \"{}\"; allowed: {}{}", what, peek().text,
                             fmt::join(names, ", "), nearest_hint(peek().text, names)));
  return std::nullopt;
}

std::string spell_name(const std::string& name) {
  if (is_plain(name)) return name;
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out + "\"";
}

std::string nearest_hint(const std::string& name, const std::vector<std::string>& names) {
  const std::string nearest = nearest_name(name, names);
  return nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest);
}

}  // namespace soliton
