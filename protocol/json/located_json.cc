#include "protocol/json/located_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "protocol/base/located.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

using Kind = LocatedJson::Kind;

constexpr std::size_t kDeepest = 100;

// Lets the parser tell how far it has read.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Cursor() = default;
  Cursor(const char* at, const char** read) : at_(at), read_(read) {}
  reference operator*() const { return *at_; }
  Cursor& operator++() {
    *read_ = ++at_;
    return *this;
  }
  Cursor operator++(int) {
    Cursor old = *this;
    ++*this;
    return old;
  }
  bool operator==(const Cursor& other) const { return at_ == other.at_; }

 private:
  const char* at_ = nullptr;
  const char** read_ = nullptr;
};

// Takes the events of the parser. An event comes when its last byte was read; of numbers, the one
// behind it was too.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  Builder(const TextPlaces& places, const char* const& read) : places_(places), read_(read) {}

  LocatedJson take_root() { return std::move(root_); }
  Diagnostics take_problems() { return std::move(problems_); }

  bool null() override { return add({.kind = Kind::kNull, .offset = word_start()}); }
  bool boolean(bool value) override {
    return add({.kind = Kind::kFlag, .flag = value, .offset = word_start()});
  }
  bool number_integer(number_integer_t) override { return number(); }
  bool number_unsigned(number_unsigned_t) override { return number(); }
  bool number_float(number_float_t, const string_t&) override { return number(); }
  bool string(string_t& value) override {
    return add({.kind = Kind::kText, .text = std::move(value), .offset = text_start()});
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Kind::kObject); }
  bool start_array(std::size_t) override { return open(Kind::kList); }
  bool end_object() override {
    check_keys();
    return close();
  }
  bool end_array() override { return close(); }
  bool key(string_t& value) override {
    open_.back()->keys.push_back(std::move(value));
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception& error) override {
    const std::size_t offset = position == 0 ? 0 : position - 1;
    problems_.add(places_.error(offset, explain(offset, error.what())));
    return false;
  }

 private:
  std::size_t end() const { return static_cast<std::size_t>(read_ - places_.text().data()); }

  std::size_t number_start() const {
    const auto part = [&](std::size_t at) {
      return std::string_view("0123456789+-.eE").find(places_.text()[at]) != std::string::npos;
    };
    std::size_t at = end();
    if (at > 0 && !part(at - 1)) --at;
    while (at > 0 && part(at - 1)) --at;
    return at;
  }
  std::size_t word_start() const {
    std::size_t at = end();
    while (at > 0 && places_.text()[at - 1] >= 'a' && places_.text()[at - 1] <= 'z') --at;
    return at;
  }
  // Of the text whose closing quote was read last: back to a quote with no odd number of
  // backslashes before it.
  std::size_t text_start() const {
    const std::string& text = places_.text();
    std::size_t at = end() - 1;
    for (;;) {
      do --at;
      while (text[at] != '"');
      std::size_t escapes = 0;
      while (escapes < at && text[at - 1 - escapes] == '\\') ++escapes;
      if (escapes % 2 == 0) return at;
    }
  }

  bool number() {
    const std::size_t start = number_start();
    std::size_t last = places_.text().find_first_not_of("0123456789+-.eE", start);
    last = std::min(last, places_.text().size());
    return add({.kind = Kind::kNumber,
                .text = places_.text().substr(start, last - start),
                .offset = start});
  }

  bool add(LocatedJson value) {
    if (open_.empty())
      root_ = std::move(value);
    else
      open_.back()->items.push_back(std::move(value));
    return true;
  }
  bool open(Kind kind) {
    const std::size_t offset = end() - 1;
    if (open_.size() >= kDeepest) {
      problems_.add(places_.error(offset, fmt::format("more than {} levels deep", kDeepest)));
      return false;
    }
    add({.kind = kind, .offset = offset});
    open_.push_back(open_.empty() ? &root_ : &open_.back()->items.back());
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  void check_keys() {
    const LocatedJson& object = *open_.back();
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < object.keys.size(); ++i)
      if (!seen.insert(object.keys[i]).second)
        problems_.add(places_.error(object.items[i].offset,
                                    fmt::format("key \"{}\" is given twice", object.keys[i])));
  }

  // Without the name of the exception and the place, which stands in front.
  std::string explain(std::size_t offset, std::string_view what) const {
    for (const char* word : {"NaN", "Infinity", "-Infinity"})
      if (places_.text().compare(word_before(offset), std::strlen(word), word) == 0)
        return fmt::format("not JSON: {} is not a number", word);
    const std::size_t column = what.find("column ");
    const std::size_t colon = column == what.npos ? column : what.find(": ", column);
    return fmt::format("not JSON: {}", colon == what.npos ? what : what.substr(colon + 2));
  }
  std::size_t word_before(std::size_t offset) const {
    std::size_t at = std::min(offset, places_.text().size());
    while (at > 0 && std::isalpha(static_cast<unsigned char>(places_.text()[at - 1])) != 0) --at;
    return at > 0 && places_.text()[at - 1] == '-' ? at - 1 : at;
  }

  const TextPlaces& places_;
  const char* const& read_;
  LocatedJson root_;
  std::vector<LocatedJson*> open_;  // each the last item of the one before
  Diagnostics problems_;
};

}  // namespace

const LocatedJson* LocatedJson::find(std::string_view key) const {
  const auto at = std::ranges::find(keys, key);
  return at == keys.end() ? nullptr : &items[static_cast<std::size_t>(at - keys.begin())];
}

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "null";
    case Kind::kFlag:
      return "true or false";
    case Kind::kNumber:
      return "a number";
    case Kind::kText:
      return "a text";
    case Kind::kList:
      return "a list";
    case Kind::kObject:
      return "an object";
  }
  return "";
}

TextPlaces::TextPlaces(std::string file, std::string text)
    : file_(std::move(file)), text_(std::move(text)), lines_{0} {
  for (std::size_t i = 0; i < text_.size(); ++i)
    if (text_[i] == '\n') lines_.push_back(i + 1);
}

int TextPlaces::line(std::size_t offset) const {
  return static_cast<int>(std::ranges::upper_bound(lines_, offset) - lines_.begin());
}

std::string TextPlaces::at(std::size_t offset) const {
  const int number = line(offset);
  const std::size_t first = lines_[static_cast<std::size_t>(number - 1)];
  const std::string before = valid_utf8(std::string_view(text_).substr(first, offset - first));
  return fmt::format("{}:{}:{}", file_, number, character_count(before) + 1);
}

Error TextPlaces::error(std::size_t offset, const std::string& message) const {
  return {ErrorCode::kInvalid, located(at(std::min(offset, text_.size())), message)};
}

Checked<LocatedJson> parse_located(const TextPlaces& places) {
  const char* const first = places.text().data();
  const char* read = first;
  Builder builder(places, read);
  const bool good = nlohmann::json::sax_parse(
      Cursor(first, &read), Cursor(first + places.text().size(), &read), &builder);
  Diagnostics problems = builder.take_problems();
  if (!good || !problems.empty()) return tl::unexpected(std::move(problems));
  return builder.take_root();
}

}  // namespace soliton
