#include "protocol/json/json.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "protocol/base/check.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

constexpr std::uint64_t kPicosecondsPerMicrosecond = 1'000'000;
// Of the binary values that stand for what is spelled already.
constexpr std::uint64_t kSpelled = 1;

void append_quoted(std::string& out, std::string_view value) {
  out += '"';
  const std::string text = valid_utf8(value);
  for (std::string_view rest = text; !rest.empty();) {
    const Utf8Character c = front_character(rest);
    if (c.code_point == '"' || c.code_point == '\\')
      out += fmt::format("\\{}", rest[0]);
    else if (c.code_point == '\n')
      out += "\\n";
    else if (needs_escape(c.code_point))
      out += fmt::format("\\u{:04x}", c.code_point);
    else
      out += rest.substr(0, c.size);
    rest.remove_prefix(c.size);
  }
  out += '"';
}

bool lists_objects(const Json& value) {
  return value.is_array() && !value.empty() && value.front().is_structured();
}

class Writer {
 public:
  explicit Writer(bool rows) : rows_(rows) {}

  void write(const Json& value, bool in_list = false) {
    if (value.is_structured())
      container(value, in_list);
    else
      scalar(value);
  }

  std::string take() { return std::move(out_); }

 private:
  // Lines of their own have the members of the whole, the items of a list of objects or lists, and
  // the members of an item that holds such a list.
  bool in_lines(const Json& value, bool in_list) const {
    if (!rows_) return false;
    if (depth_ == 0 || lists_objects(value)) return true;
    return in_list && value.is_object() && std::any_of(value.begin(), value.end(), lists_objects);
  }

  void container(const Json& value, bool in_list) {
    const bool lines = in_lines(value, in_list);
    out_ += value.is_object() ? '{' : '[';
    ++depth_;
    bool first = true;
    for (auto item = value.begin(); item != value.end(); ++item, first = false) {
      if (!first) out_ += lines ? "," : ", ";
      if (lines) new_line();
      if (value.is_object()) {
        append_quoted(out_, item.key());
        out_ += ": ";
      }
      write(*item, value.is_array());
    }
    --depth_;
    if (lines && !value.empty()) new_line();
    out_ += value.is_object() ? '}' : ']';
  }

  void new_line() {
    out_ += '\n';
    out_.append(2 * depth_, ' ');
  }

  void scalar(const Json& value) {
    if (value.is_string())
      append_quoted(out_, value.get_ref<const std::string&>());
    else if (value.is_number_float())
      out_ += spell_number(value.get<double>());
    else if (value.is_binary())
      out_.append(value.get_binary().begin(), value.get_binary().end());
    else
      out_ += value.dump();
  }

  bool rows_;
  std::size_t depth_ = 0;
  std::string out_;
};

}  // namespace

std::string spell_us(Duration d) {
  const bool negative = d.count() < 0;
  const auto magnitude =
      negative ? ~static_cast<std::uint64_t>(d.count()) + 1 : static_cast<std::uint64_t>(d.count());
  std::string out =
      fmt::format("{}{}", negative ? "-" : "", magnitude / kPicosecondsPerMicrosecond);
  const std::uint64_t fraction = magnitude % kPicosecondsPerMicrosecond;
  if (fraction == 0) return out;
  out += fmt::format(".{:06}", fraction);
  out.erase(out.find_last_not_of('0') + 1);
  return out;
}

std::string spell_number(double value) {
  if (!std::isfinite(value)) return "null";
  if (value == 0) return "0";  // not "-0"
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  SOLITON_CHECK(error == std::errc{});
  return std::string(buffer, end);
}

Json json_spelled(std::string_view text) {
  return Json::binary({text.begin(), text.end()}, kSpelled);
}

std::string json_text(const Json& value, JsonLayout layout) {
  if (layout == JsonLayout::kIndented)
    return value.dump(2, ' ', true, Json::error_handler_t::replace);
  Writer writer(layout == JsonLayout::kRows);
  writer.write(value);
  return writer.take();
}

}  // namespace soliton
