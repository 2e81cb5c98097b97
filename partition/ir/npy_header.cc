#include "partition/ir/npy_header.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "partition/ir/npy.h"
#include "partition/ir/shown_name.h"

namespace soliton {

namespace {

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<NpyHeader> run() {
    if (!take('{')) return wrong("'{'");
    while (!take('}')) {
      if (const Status entry = parse_entry(); !entry) return tl::unexpected(entry.error());
      if (!take(',') && peek() != '}') return wrong("',' or '}'");
    }
    skip_blanks();
    if (!rest_.empty()) return wrong("the end");
    if (seen_ != kAll) return invalid("the header lacks one of 'descr', 'fortran_order', 'shape'");
    return header_;
  }

 private:
  enum Key : unsigned { kDescr = 1, kOrder = 2, kShape = 4, kAll = 7 };

  void skip_blanks() {
    const std::size_t first = rest_.find_first_not_of(" \n");
    rest_.remove_prefix(first == std::string_view::npos ? rest_.size() : first);
  }
  char peek() {
    skip_blanks();
    return rest_.empty() ? '\0' : rest_.front();
  }
  bool take(char c) {
    if (rest_.empty() || peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  tl::unexpected<Error> wrong(const char* expected) const {
    return invalid(
        fmt::format("the header has \"{}\" where {} should be", shown_name(rest_, 24), expected));
  }

  std::optional<std::string> text() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return std::nullopt;
    const std::size_t end = rest_.find(quote, 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string out(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return out;
  }

  static unsigned key_bit(std::string_view key) {
    if (key == "descr") return kDescr;
    if (key == "fortran_order") return kOrder;
    return key == "shape" ? unsigned{kShape} : 0u;
  }

  Status parse_entry() {
    const std::optional<std::string> key = text();
    if (!key) return wrong("a quoted key");
    const unsigned bit = key_bit(*key);
    if (bit == 0)
      return invalid(fmt::format("the header has an unknown key \"{}\"", shown_name(*key)));
    if (seen_ & bit) return invalid(fmt::format("the header has the key \"{}\" twice", *key));
    seen_ |= bit;
    if (!take(':')) return wrong("':'");
    return bit == kDescr ? parse_descr() : bit == kOrder ? parse_order() : parse_shape();
  }

  Status parse_descr() {
    std::optional<std::string> value = text();
    if (!value)
      return invalid(
          "the elements have a structured or unreadable type; supported: <i4, <i8, <f2, <f4");
    header_.descr = std::move(*value);
    return {};
  }

  Status parse_order() {
    skip_blanks();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(word.size());
      header_.fortran_order = value;
      return {};
    }
    return wrong("True or False");
  }

  Status parse_shape() {
    if (!take('(')) return wrong("'('");
    while (!take(')')) {
      skip_blanks();
      std::int64_t extent = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), extent);
      if (error != std::errc{} || extent < 0) return wrong("an extent");
      if (header_.shape.size() == kMaxNpyRank)
        return invalid(fmt::format("more than {} dimensions", kMaxNpyRank));
      header_.shape.push_back(extent);
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      if (!take(',') && peek() != ')') return wrong("',' or ')'");
    }
    return {};
  }

  std::string_view rest_;
  NpyHeader header_;
  unsigned seen_ = 0;
};

}  // namespace

Result<NpyHeader> parse_npy_header(std::string_view text) { return Parser(text).run(); }

}  // namespace soliton
