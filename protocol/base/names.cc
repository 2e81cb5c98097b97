#include "protocol/base/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace soliton {
namespace {

struct Range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::size_t width = 0;  // digits, where leading zeros are kept
};

bool parse_number(std::string_view text, std::uint64_t& out) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  return problem == std::errc{} && end == text.data() + text.size() && text.size() <= 9;
}

// "0-3" between the brackets of `pattern`.
Result<Range> parse_range(std::string_view body, std::string_view pattern) {
  const std::size_t dash = body.find('-');
  Range range;
  const bool good = dash != std::string_view::npos &&
                    parse_number(body.substr(0, dash), range.first) &&
                    parse_number(body.substr(dash + 1), range.last);
  if (!good) return invalid(fmt::format("\"{}\": [{}] is not a range; write [0-3]", pattern, body));
  if (range.last < range.first)
    return invalid(fmt::format("\"{}\": the range [{}] runs backwards", pattern, body));
  if (body.front() == '0' && dash > 1) range.width = dash;
  return range;
}

Status expand_into(std::string_view pattern, std::string_view rest, const std::string& prefix,
                   std::size_t limit, std::vector<std::string>& out) {
  const std::size_t open = rest.find_first_of("[]");
  if (open == std::string_view::npos) {
    if (out.size() >= limit)
      return invalid(fmt::format("\"{}\" stands for more than {} names", pattern, limit));
    out.push_back(prefix + std::string(rest));
    return {};
  }
  const std::size_t close = rest.find(']', open);
  if (rest[open] == ']' || close == std::string_view::npos)
    return invalid(fmt::format("\"{}\": brackets do not pair", pattern));
  const Result<Range> range = parse_range(rest.substr(open + 1, close - open - 1), pattern);
  if (!range) return tl::unexpected<Error>(range.error());
  const std::string stem = prefix + std::string(rest.substr(0, open));
  for (std::uint64_t i = range->first; i <= range->last; ++i) {
    const std::string name = fmt::format("{}{:0{}}", stem, i, range->width);
    if (Status status = expand_into(pattern, rest.substr(close + 1), name, limit, out); !status)
      return status;
  }
  return {};
}

}  // namespace

bool is_valid_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= 63 && std::all_of(text.begin(), text.end(), allowed);
}

Result<std::vector<std::string>> expand_ranges(std::string_view pattern, std::size_t limit) {
  // A name of 63 letters needs no longer pattern, and nesting below is one level a bracket.
  if (pattern.size() > 256)
    return invalid(fmt::format("\"{}...\" is too long for a name", pattern.substr(0, 40)));
  std::vector<std::string> names;
  if (Status status = expand_into(pattern, pattern, "", limit, names); !status)
    return tl::unexpected<Error>(status.error());
  return names;
}

bool glob_matches(std::string_view glob, std::string_view text) {
  std::size_t g = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = t;
    } else if (g < glob.size() && glob[g] == text[t]) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace soliton
