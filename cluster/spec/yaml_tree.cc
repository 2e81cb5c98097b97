#include "cluster/spec/yaml_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "cluster/spec/yaml_text.h"
#include "protocol/base/check.h"

namespace soliton {

const YamlValue* YamlValue::find(std::string_view key) const {
  const auto at = std::lower_bound(
      order.begin(), order.end(), key,
      [this](std::uint32_t i, std::string_view name) { return keys[i].name < name; });
  return at != order.end() && keys[*at].name == key ? &items[*at] : nullptr;
}

YamlValue* YamlValue::find(std::string_view key) {
  return const_cast<YamlValue*>(static_cast<const YamlValue*>(this)->find(key));
}

YamlValue& YamlValue::add(YamlKey key, YamlValue value) {
  SOLITON_CHECK(kind == Kind::kMap);
  keys.push_back(std::move(key));
  items.push_back(std::move(value));
  SOLITON_CHECK(index_keys().empty());
  return items.back();
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> YamlValue::index_keys() {
  order.resize(keys.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
    const int by_name = keys[a].name.compare(keys[b].name);
    return by_name != 0 ? by_name < 0 : a < b;
  });
  std::vector<std::pair<std::uint32_t, std::uint32_t>> twice;
  for (std::size_t i = 1; i < order.size(); ++i)
    if (keys[order[i]].name == keys[order[i - 1]].name) twice.emplace_back(order[i - 1], order[i]);
  return twice;
}

namespace {

using Kind = YamlValue::Kind;

bool means_null(const YamlScalar& scalar) {
  return scalar.plain && (scalar.text.empty() || scalar.text == "~" || scalar.text == "null" ||
                          scalar.text == "Null" || scalar.text == "NULL");
}

// What cannot begin a plain scalar, beside `-`, `?` and `:` before a blank.
bool is_indicator(char c) {
  return is_flow_mark(c) || std::string_view("#&*!|>'\"%@`").find(c) != std::string_view::npos;
}

// Recursive descent; a level of nesting is a call. After YamlText::stop() everything is at its end,
// so nothing needs to look whether it went well.
class TreeParser {
 public:
  explicit TreeParser(YamlText& text) : text_(text) {}

  YamlValue document() {
    text_.skip_to_content(true);
    if (text_.peek() == '%' && text_.column() == 0)
      text_.stop(text_.mark(), "directives (%) are not accepted");
    if (text_.at_marker("---")) text_.skip(3);
    YamlValue root = block_value(-1, true, false);
    text_.skip_to_content(true);
    if (text_.at_marker("...")) text_.skip(3), text_.skip_to_content(true);
    if (text_.at_marker("---")) text_.stop(text_.mark(), "a second document: a file holds one");
    if (!text_.at_end()) unexpected("what comes before does not go on like this");
    return root;
  }

 private:
  // ---- values ----

  static YamlValue value_of(Kind kind, Mark mark) {
    YamlValue value;
    value.kind = kind;
    value.mark = mark;
    return value;
  }

  void unexpected(const std::string& why) { text_.stop(text_.mark(), "not valid YAML: " + why); }

  void count_value(Mark mark) {
    if (++values_ > kYamlValuesLimit)
      text_.stop(mark, fmt::format("more than {} values", kYamlValuesLimit));
  }

  void check_size(Mark mark, const std::string& text) {
    if (text.size() > kYamlScalarLimit)
      text_.stop(
          mark, fmt::format("a value of {} bytes; the limit is {}", text.size(), kYamlScalarLimit));
  }

  YamlValue leaf(YamlScalar scalar, Mark mark) {
    count_value(mark);
    check_size(mark, scalar.text);
    YamlValue value = value_of(means_null(scalar) ? Kind::kNull : Kind::kScalar, mark);
    if (value.kind == Kind::kScalar) value.text = std::move(scalar.text);
    return value;
  }

  // An empty list or map that begins here.
  YamlValue open(Kind kind) {
    const Mark mark = text_.mark();
    count_value(mark);
    if (++depth_ > kYamlDepthLimit)
      text_.stop(mark, fmt::format("nested deeper than {} levels", kYamlDepthLimit));
    return value_of(kind, mark);
  }

  YamlValue close(YamlValue value) {
    --depth_;
    if (value.kind != Kind::kMap) return value;
    for (const auto& [first, second] : value.index_keys())
      text_.error(value.keys[second].mark,
                  fmt::format("key \"{}\" is used twice: here and on line {}",
                              value.keys[second].name, value.keys[first].mark.line));
    return value;
  }

  void add_key(YamlValue& map, YamlScalar key, Mark mark) {
    count_value(mark);
    check_size(mark, key.text);
    if (means_null(key)) text_.error(mark, "a key must be a plain name, not empty");
    map.keys.push_back({std::move(key.text), mark});
  }

  // Anchors and tags before a value, and aliases in its place, all refused.
  void refuse_properties() {
    while (!text_.at_end() && (text_.peek() == '&' || text_.peek() == '!' || text_.peek() == '*')) {
      const Mark mark = text_.mark();
      const char kind = text_.peek();
      std::string word;
      for (; !text_.ends_word(0) && !(is_flow_mark(text_.peek())); text_.skip(1))
        word += text_.peek();
      if (kind == '&')
        text_.error(mark, fmt::format("anchors ({}) are not accepted: write the value out where it "
                                      "is used",
                                      word));
      else if (kind == '*')
        text_.error(mark, "aliases (*name) are not accepted: write the value out");
      else
        text_.error(mark, fmt::format("tags ({}) are not accepted", word));
      text_.skip_blanks();
    }
  }

  // ---- block context ----

  bool at_entry() const { return text_.peek() == '-' && text_.ends_word(1); }

  bool at_colon() const { return text_.peek() == ':' && text_.ends_word(1); }

  // What stands behind "key:", "- " or at the top of the file. `compact`: lists and maps may begin
  // on this line. `level_list`: a list may stand at the column of the map it belongs to.
  YamlValue block_value(std::int32_t parent, bool compact, bool level_list) {
    const Mark here = text_.mark();
    bool same_line = true;
    for (;;) {
      if (text_.skip_rest_of_line()) {
        same_line = false;
        text_.skip_to_content(true);
        const std::int32_t column = text_.column();
        const bool belongs = column > parent || (level_list && column == parent && at_entry());
        if (text_.at_end() || text_.at_marker() || !belongs) return null_at(here);
      }
      if (text_.peek() != '&' && text_.peek() != '!' && text_.peek() != '*') break;
      refuse_properties();
    }
    return block_content(parent, compact || !same_line);
  }

  YamlValue null_at(Mark mark) {
    count_value(mark);
    return value_of(Kind::kNull, mark);
  }

  void refuse_explicit_key() {
    if (text_.peek() == '?' && text_.ends_word(1))
      unexpected("write a key as \"name: value\", without \"?\"");
  }

  YamlValue block_content(std::int32_t parent, bool may_nest) {
    const char c = text_.peek();
    if (at_entry()) {
      if (may_nest) return block_list();
      unexpected("a list begins on a line of its own");
      return {};
    }
    refuse_explicit_key();
    if (c == '|' || c == '>') {
      const Mark mark = text_.mark();
      return leaf(scan_block_scalar(text_, parent), mark);
    }
    if (c == '[' || c == '{') {
      const Mark mark = text_.mark();
      YamlValue value = flow_value();
      text_.skip_blanks();
      if (at_colon()) text_.stop(mark, "a key must be a plain name, not a list or a map");
      end_line();
      return value;
    }
    return scalar_or_map(parent, may_nest);
  }

  // Behind a flow collection or a quoted value nothing else stands on the line.
  void end_line() {
    if (!text_.skip_rest_of_line()) unexpected("nothing may stand behind a value on its line");
  }

  YamlScalar scalar(std::int32_t parent, bool in_flow) {
    const char c = text_.peek();
    if (c == '"' || c == '\'') return scan_quoted(text_);
    const bool alone = text_.ends_word(1) || (in_flow && is_flow_mark(text_.peek(1)));
    if (is_indicator(c) || (alone && (c == '-' || c == '?' || c == ':'))) {
      unexpected(fmt::format("no value begins with {}: write it in quotes", c));
      return {};
    }
    return scan_plain(text_, parent, in_flow);
  }

  YamlValue scalar_or_map(std::int32_t parent, bool may_nest) {
    const Mark mark = text_.mark();
    const std::int32_t column = text_.column();
    if (at_colon()) return text_.stop(mark, "a key must be a plain name, not empty"), YamlValue{};
    YamlScalar first = scalar(parent, false);
    text_.skip_blanks();
    if (at_colon()) {
      if (may_nest && !first.several_lines) return block_map(std::move(first), mark, column);
      unexpected("\": \" inside a value; indent this line as the others, or quote the value");
    }
    if (!first.plain) end_line();
    return leaf(std::move(first), mark);
  }

  YamlValue block_list() {
    YamlValue list = open(Kind::kList);
    const std::int32_t column = text_.column();
    while (!text_.at_end() && text_.column() == column && at_entry()) {
      text_.skip(1);
      list.items.push_back(block_value(column, true, false));
      go_on_at(column);
    }
    return close(std::move(list));
  }

  // The first key has been read, and its colon comes next.
  YamlValue block_map(YamlScalar key, Mark mark, std::int32_t column) {
    const YamlText::Place at_key = text_.place();
    YamlValue map = open(Kind::kMap);
    map.mark = mark;
    text_.return_to(at_key);
    for (;;) {
      add_key(map, std::move(key), mark);
      text_.skip(1);
      map.items.push_back(block_value(column, false, true));
      go_on_at(column);
      if (text_.at_end() || text_.column() != column || text_.at_marker() || at_entry()) break;
      mark = text_.mark();
      key = block_key();
    }
    return close(std::move(map));
  }

  YamlScalar block_key() {
    const Mark mark = text_.mark();
    refuse_properties();
    if (text_.peek() == '[' || text_.peek() == '{')
      text_.stop(mark, "a key must be a plain name, not a list or a map");
    refuse_explicit_key();
    if (text_.at_end()) return {};
    if (at_colon()) return {"", true, false};
    YamlScalar key = scalar(text_.column(), false);
    text_.skip_blanks();
    if (!at_colon() || key.several_lines)
      text_.stop(mark, fmt::format("not valid YAML: \"{}\" has no \": \" behind it, as a key has",
                                   printable(key.text, 60)));
    return key;
  }

  // To what follows an entry of a collection at this column.
  void go_on_at(std::int32_t column) {
    text_.skip_to_content(true);
    if (!text_.at_end() && text_.column() > column)
      unexpected("this line is indented deeper than those it belongs to");
  }

  // ---- flow context ----

  YamlValue flow_value() { return text_.peek() == '[' ? flow_list() : flow_map(); }

  // A value inside brackets or braces; with nothing there, null.
  YamlValue flow_node() {
    refuse_properties();
    text_.skip_to_content(false);
    const Mark mark = text_.mark();
    const char c = text_.peek();
    if (c == '[' || c == '{') return flow_value();
    if (c == ',' || c == ']' || c == '}' || text_.at_end()) return null_at(mark);
    return leaf(flow_scalar(), mark);
  }

  YamlScalar flow_scalar() {
    const Mark mark = text_.mark();
    YamlScalar out = scalar(-1, true);
    if (out.plain && text_.peek() == '[') take_range(out.text, mark);
    return out;
  }

  // Names with a range need quotes here. Without them they end at the bracket, which no reader of a
  // cluster file should have to know.
  void take_range(std::string& name, Mark mark) {
    const std::string_view rest = text_.rest();
    const std::size_t end = std::min(rest.find_first_of(",{} \t\r\n"), rest.size());
    name += rest.substr(0, end);
    text_.skip(end);
    text_.error(mark, fmt::format("a range inside {{}} or [] must be quoted: \"{}\"",
                                  printable(name, 100)));
  }

  bool at_flow_colon(bool quoted) const {
    return text_.peek() == ':' && (quoted || text_.ends_word(1) || is_flow_mark(text_.peek(1)));
  }

  // Behind the first line what comes is rather the rest of the file.
  void missing_comma(char end, Mark opened) {
    const std::int32_t line = text_.mark().line;
    if (line == opened.line)
      return unexpected(fmt::format("\",\" or \"{}\" is missing before this", end));
    text_.stop(opened,
               fmt::format("not valid YAML: this {} is not closed, or a \",\" is missing on "
                           "or before line {}",
                           end == ']' ? '[' : '{', line));
  }

  // To an entry, past the comma before it; false behind the end of the collection, or of the text.
  bool next_entry(char end, Mark opened, bool first) {
    text_.skip_to_content(false);
    if (!first && text_.peek() == ',') {
      text_.skip(1);
      text_.skip_to_content(false);
    } else if (!first && !text_.at_end() && text_.peek() != end) {
      return missing_comma(end, opened), false;
    }
    if (text_.at_end())
      text_.stop(opened,
                 fmt::format("not valid YAML: this {} is never closed", end == ']' ? '[' : '{'));
    if (text_.peek() == ',') unexpected("an entry is missing before this comma");
    if (text_.at_end()) return false;
    if (text_.peek() != end) return true;
    text_.skip(1);
    return false;
  }

  YamlValue flow_list() {
    YamlValue list = open(Kind::kList);
    text_.skip(1);
    while (next_entry(']', list.mark, list.items.empty())) {
      const bool quoted = text_.peek() == '"' || text_.peek() == '\'';
      YamlValue value = flow_node();
      text_.skip_to_content(false);
      list.items.push_back(at_flow_colon(quoted) ? pair_of(std::move(value)) : std::move(value));
    }
    return close(std::move(list));
  }

  // `[a: 1]` is a list of a map of one key.
  YamlValue pair_of(YamlValue key) {
    YamlValue map = open(Kind::kMap);
    map.mark = key.mark;
    if (key.kind != Kind::kScalar)
      text_.stop(key.mark, "a key must be a plain name, not a list or a map");
    map.keys.push_back({std::move(key.text), key.mark});
    text_.skip(1);
    text_.skip_to_content(false);
    map.items.push_back(flow_node());
    return close(std::move(map));
  }

  YamlValue flow_map() {
    YamlValue map = open(Kind::kMap);
    text_.skip(1);
    while (next_entry('}', map.mark, map.items.empty())) {
      refuse_properties();
      if (text_.peek() == '[' || text_.peek() == '{')
        text_.stop(text_.mark(), "a key must be a plain name, not a list or a map");
      if (text_.at_end()) break;
      const Mark mark = text_.mark();
      YamlScalar key = at_flow_colon(false) ? YamlScalar{"", true, false} : flow_scalar();
      const bool quoted = !key.plain;
      if (key.several_lines)
        text_.stop(mark, "not valid YAML: a key of several lines; is a \"}\" missing before it?");
      add_key(map, std::move(key), mark);
      text_.skip_to_content(false);
      if (!at_flow_colon(quoted)) {
        map.items.push_back(null_at(mark));
        continue;
      }
      text_.skip(1);
      text_.skip_to_content(false);
      map.items.push_back(flow_node());
    }
    return close(std::move(map));
  }

  YamlText& text_;
  std::size_t values_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace

Checked<YamlValue> parse_yaml(std::string_view text, const std::string& file) {
  YamlText source(text, file);
  if (text.size() > kYamlBytesLimit)
    source.stop({1, 1, -1}, fmt::format("{} bytes; the limit is {}", text.size(), kYamlBytesLimit));
  else
    check_characters(text, source);
  YamlValue root = TreeParser(source).document();
  if (!source.errors().empty()) return tl::unexpected<Diagnostics>(std::move(source.errors()));
  return root;
}

}  // namespace soliton
