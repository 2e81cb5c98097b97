#include "node/traffic/text_rows.h"

namespace soliton {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::vector<std::string> words_of(std::string_view line) {
  const bool commas = line.find(',') != std::string_view::npos;
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t end = commas ? line.find(',', at) : line.find_first_of(kBlanks, at);
    const std::string_view word = trimmed(line.substr(at, end - at));
    if (commas || !word.empty()) out.emplace_back(word);
    if (end == std::string_view::npos) break;
    at = end + 1;
  }
  return out;
}

}  // namespace

std::vector<TextRow> text_rows(std::string_view text) {
  std::vector<TextRow> out;
  for (std::size_t at = 0, number = 1; at < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    line = trimmed(line.substr(0, line.find('#')));
    if (!line.empty()) out.push_back({number, words_of(line)});
    at = end + 1;
  }
  return out;
}

}  // namespace soliton
