#include "cluster/experiment/scalars.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "cluster/results/results.h"
#include "cluster/results/text.h"

namespace soliton {
namespace {

using Kind = Scalar::Kind;

// Takes the values as they come; nothing but them is kept, whatever the size of the lists.
class Collector : public nlohmann::json_sax<Json> {
 public:
  explicit Collector(Scalars& out) : out_(out) {}

  bool null() override { return take(Kind::kNull, ""); }
  bool boolean(bool value) override { return take(Kind::kBoolean, value ? "true" : "false"); }
  bool number_integer(std::int64_t value) override {
    return take(Kind::kNumber, std::to_string(value));
  }
  bool number_unsigned(std::uint64_t value) override {
    return take(Kind::kNumber, std::to_string(value));
  }
  bool number_float(double, const std::string& spelled) override {
    return take(Kind::kNumber, spelled);
  }
  bool string(std::string& value) override { return take(Kind::kText, std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return keys_.emplace_back(), true; }
  bool key(std::string& name) override { return keys_.back() = std::move(name), true; }
  bool end_object() override { return keys_.pop_back(), true; }
  bool start_array(std::size_t) override { return ++lists_, !keys_.empty(); }
  bool end_array() override { return --lists_, true; }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) override {
    return false;
  }

 private:
  // A value outside of any object is refused.
  bool take(Kind kind, std::string text) {
    if (keys_.empty()) return false;
    if (lists_ == 0) out_.push_back({fmt::format("{}", fmt::join(keys_, ".")), kind, text});
    return true;
  }

  Scalars& out_;
  std::vector<std::string> keys_;  // one an open object
  int lists_ = 0;                  // open ones
};

}  // namespace

Result<Scalars> read_scalars(const std::string& json) {
  Scalars out;
  Collector collector(out);
  if (!Json::sax_parse(json, &collector)) return invalid("not a JSON object");
  return out;
}

const Scalar* find_scalar(const Scalars& scalars, std::string_view key) {
  const auto at = std::ranges::find(scalars, key, &Scalar::key);
  return at == scalars.end() ? nullptr : &*at;
}

std::optional<double> number_in(const Scalars& scalars, std::string_view key) {
  const Scalar* found = find_scalar(scalars, key);
  if (found == nullptr || found->kind != Scalar::Kind::kNumber) return std::nullopt;
  double value = 0;
  const char* end = found->text.data() + found->text.size();
  const auto [at, error] = std::from_chars(found->text.data(), end, value);
  return error == std::errc() && at == end ? std::optional(value) : std::nullopt;
}

Scalar scalar_of_text(std::string key, std::string text) {
  Scalar out{std::move(key), Kind::kText, std::move(text)};
  // A list or a map is kept as it was written.
  if (const Result<Scalars> read = read_scalars("{\"value\":" + out.text + "}");
      read && read->size() == 1 && read->front().key == "value")
    if (const Kind kind = read->front().kind; kind == Kind::kNumber || kind == Kind::kBoolean)
      out.kind = kind;
  return out;
}

std::string csv_text(const Scalar& scalar) {
  return scalar.kind == Kind::kText ? csv_cell(scalar.text) : scalar.text;
}

Json scalar_json(const Scalar& scalar) {
  switch (scalar.kind) {
    case Kind::kNull:
      return Json();
    case Kind::kText:
      return scalar.text;
    default:
      return json_spelled(scalar.text);
  }
}

std::vector<std::string> result_keys() {
  RunResults all;
  all.ltl.listen = all.error = "given";
  all.traffic.emplace();
  all.pauses.emplace();
  all.device.emplace();
  std::vector<std::string> keys;
  const Scalars scalars = read_scalars(results_json(all)).value();
  for (const Scalar& scalar : scalars) keys.push_back(scalar.key);
  return keys;
}

}  // namespace soliton
