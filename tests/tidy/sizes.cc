#include "tests/tidy/sizes.h"

#include <algorithm>
#include <regex>

namespace soliton {
namespace {

std::string code_of(const std::string& line) {
  static const std::regex literal(R"('(\\.|[^'\\])'|"(\\.|[^"\\])*")");
  std::string code = std::regex_replace(line, literal, "");
  return code.substr(0, code.find("//"));
}

// The line on which the brace that opens on or behind line `first` closes.
std::size_t closing_line(const SourceFile& file, std::size_t first) {
  int depth = 0;
  bool opened = false;
  for (std::size_t i = first; i < file.lines.size(); ++i) {
    for (const char c : code_of(file.lines[i])) {
      opened = opened || c == '{';
      depth += c == '{' ? 1 : c == '}' ? -1 : 0;
    }
    if (opened && depth <= 0) return i;
  }
  return file.lines.empty() ? 0 : file.lines.size() - 1;
}

// What stands between the name of a class and its brace may take several lines; a declaration or a
// variable ends before there is one.
bool opens_class(const SourceFile& file, std::size_t first) {
  constexpr std::size_t kHeadLines = 6;
  for (std::size_t i = first; i < std::min(file.lines.size(), first + kHeadLines); ++i) {
    const std::string code = code_of(file.lines[i]);
    const std::size_t end = code.find_first_of("{;=");
    if (end != std::string::npos) return code[end] == '{';
  }
  return false;
}

}  // namespace

std::vector<Extent> functions_of(const SourceFile& file) {
  static const std::regex opens(
      R"(\)\s*(const|noexcept|override|final|mutable|->\s*[\w:<>, *&]+|\s)*\s*(:.*)?\{\s*$)");
  static const std::regex control(
      R"(^\s*(if|for|while|switch|else|do|catch|return|namespace|struct|class|enum)\b|\]\s*(\(|\{)|=\s)");
  std::vector<Extent> out;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const std::string& line = file.lines[i];
    if (!std::regex_search(line, opens) || std::regex_search(line, control)) continue;
    const std::size_t end = closing_line(file, i);
    out.push_back({"", i + 1, end - i + 1});
    i = end;
  }
  return out;
}

std::vector<Extent> classes_of(const SourceFile& file) {
  static const std::regex begins(
      R"(^\s*(?:template\s*<.*>\s*)?(?:class|struct|union)\s+(?:\[\[.*\]\]\s*)?)"
      R"(([A-Za-z_][\w:]*)\s*(?:final\s*)?(?:[:{]|$))");
  std::vector<Extent> out;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    std::smatch match;
    const std::string code = code_of(file.lines[i]);
    if (!std::regex_search(code, match, begins) || !opens_class(file, i)) continue;
    out.push_back({match[1], i + 1, closing_line(file, i) - i + 1});
  }
  return out;
}

}  // namespace soliton
