#include "cluster/results/json.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "protocol/base/check.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

constexpr std::uint64_t kPicosecondsPerMicrosecond = 1'000'000;

// Control characters and marks of direction are escaped, so that a file that is shown on a terminal
// does not drive it.
std::string quoted(std::string_view value) {
  std::string out = "\"";
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
  return out + '"';
}

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

void JsonWriter::open(char bracket, Layout layout) {
  SOLITON_CHECK(bracket == '{' || bracket == '[');
  separate();
  out_ += bracket;
  levels_.push_back({bracket == '{' ? '}' : ']', layout});
}

void JsonWriter::close() {
  SOLITON_CHECK(!levels_.empty() && !after_key_);
  const Level level = levels_.back();
  levels_.pop_back();
  if (level.layout == Layout::kLines && !level.empty) {
    out_ += '\n';
    out_.append(2 * levels_.size(), ' ');
  }
  out_ += level.closing;
}

void JsonWriter::separate() {
  if (std::exchange(after_key_, false) || levels_.empty()) return;
  Level& level = levels_.back();
  if (!std::exchange(level.empty, false)) out_ += level.layout == Layout::kLines ? "," : ", ";
  if (level.layout == Layout::kLines) {
    out_ += '\n';
    out_.append(2 * levels_.size(), ' ');
  }
}

void JsonWriter::key(std::string_view name) {
  SOLITON_CHECK(!levels_.empty() && levels_.back().closing == '}' && !after_key_);
  separate();
  out_ += quoted(name) + ": ";
  after_key_ = true;
}

void JsonWriter::raw(std::string_view text) {
  separate();
  out_ += text;
}

void JsonWriter::string(std::string_view value) { raw(quoted(value)); }
void JsonWriter::integer(std::int64_t value) { raw(std::to_string(value)); }
void JsonWriter::natural(std::uint64_t value) { raw(std::to_string(value)); }
void JsonWriter::number(double value) { raw(spell_number(value)); }
void JsonWriter::number(const std::optional<double>& value) { value ? number(*value) : null(); }
void JsonWriter::microseconds(Duration value) { raw(spell_us(value)); }
void JsonWriter::boolean(bool value) { raw(value ? "true" : "false"); }
void JsonWriter::null() { raw("null"); }
void JsonWriter::spelled(std::string_view value) { raw(value); }

std::string JsonWriter::take() {
  SOLITON_CHECK(levels_.empty());
  return std::exchange(out_, {});
}

}  // namespace soliton
