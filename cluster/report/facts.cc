#include "cluster/report/facts.h"

#include <cmath>

#include "cluster/report/words.h"
#include "protocol/base/quantity.h"

namespace soliton {
namespace {

constexpr const char* kUnknown = "–";
// Beyond it a double has no whole picoseconds.
constexpr double kMicrosecondsMost = 9e9;

}  // namespace

const Json* find_at(const Json& from, std::string_view path) {
  const Json* at = &from;
  while (true) {
    if (!at->is_object()) return nullptr;
    const std::size_t dot = path.find('.');
    const auto member = at->find(std::string(path.substr(0, dot)));
    if (member == at->end()) return nullptr;
    at = &*member;
    if (dot == std::string_view::npos) return at->is_null() ? nullptr : at;
    path.remove_prefix(dot + 1);
  }
}

std::optional<double> number_at(const Json& from, std::string_view path) {
  const Json* at = find_at(from, path);
  return at != nullptr && at->is_number() ? std::optional(at->get<double>()) : std::nullopt;
}

std::optional<std::int64_t> count_at(const Json& from, std::string_view path) {
  const Json* at = find_at(from, path);
  return at != nullptr && at->is_number_integer() ? std::optional(at->get<std::int64_t>())
                                                  : std::nullopt;
}

std::optional<bool> flag_at(const Json& from, std::string_view path) {
  const Json* at = find_at(from, path);
  return at != nullptr && at->is_boolean() ? std::optional(at->get<bool>()) : std::nullopt;
}

std::string text_at(const Json& from, std::string_view path, std::string_view otherwise) {
  const Json* at = find_at(from, path);
  return at != nullptr && at->is_string() ? at->get<std::string>() : std::string(otherwise);
}

std::optional<Duration> time_at(const Json& from, std::string_view path) {
  const std::optional<double> us = number_at(from, path);
  if (!us || !(std::abs(*us) < kMicrosecondsMost)) return std::nullopt;
  return Duration{std::llround(*us * 1e6)};
}

std::vector<const Json*> items_at(const Json& from, std::string_view path) {
  std::vector<const Json*> out;
  const Json* list = find_at(from, path);
  if (list == nullptr || !list->is_array()) return out;
  for (const Json& item : *list)
    if (item.is_object()) out.push_back(&item);
  return out;
}

std::string count_words(const std::optional<std::int64_t>& count) {
  return count ? group_thousands(*count) : kUnknown;
}

std::string time_words(const std::optional<Duration>& time) {
  return time ? spell_time(*time) : kUnknown;
}

std::string bytes_words_of(const std::optional<std::int64_t>& bytes) {
  return bytes ? describe(Bytes{*bytes}) : kUnknown;
}

std::string share_words(const std::optional<double>& share) {
  return share ? percent(*share) : kUnknown;
}

}  // namespace soliton
