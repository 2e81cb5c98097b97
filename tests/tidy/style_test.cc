// The measurable part of docs/STYLE.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>

#include "tests/tidy/sizes.h"
#include "tests/tidy/sources.h"

namespace soliton {
namespace {

constexpr std::size_t kMaxColumns = 120;
constexpr std::size_t kMaxFileLines = 600;
constexpr std::size_t kMaxFunctionLines = 70;
constexpr std::size_t kMaxClassLines = 150;
// A fuzzer's script and the builder of a program read as one story.
constexpr std::size_t kMaxTestClassLines = 250;

// Code points, not bytes: a box-drawing character is one column.
std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

TEST(Style, FilesAreShort) {
  for (const SourceFile& file : source_files())
    EXPECT_LE(file.lines.size(), kMaxFileLines) << file.path;
}

// Expected output in a raw string is as long as it is.
TEST(Style, LinesAreShort) {
  const std::regex opens_raw("R\"[a-z]*\\("), closes_raw("\\)[a-z]*\"");
  for (const SourceFile& file : source_files()) {
    bool raw = false;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string& line = file.lines[i];
      EXPECT_LE(raw ? 0 : columns(line), kMaxColumns) << file.path << ":" << i + 1;
      if (!raw && std::regex_search(line, opens_raw)) raw = true;
      if (raw && std::regex_search(line, closes_raw)) raw = false;
    }
  }
}

TEST(Style, FunctionsAreShort) {
  std::vector<std::size_t> lengths;
  for (const SourceFile& file : source_files()) {
    for (const Extent& function : functions_of(file)) {
      EXPECT_LE(function.length, kMaxFunctionLines) << file.path << ":" << function.line;
      if (!file.is_test()) lengths.push_back(function.length);
    }
  }
  ASSERT_GT(lengths.size(), 500u);
  std::sort(lengths.begin(), lengths.end());
  EXPECT_LE(lengths[lengths.size() / 2], 9u) << "median function length";
  EXPECT_LE(lengths[lengths.size() * 9 / 10], 22u) << "90th percentile of function length";
}

TEST(Style, ClassesAreShort) {
  std::size_t seen = 0;
  for (const SourceFile& file : source_files()) {
    const std::size_t most = file.is_test() ? kMaxTestClassLines : kMaxClassLines;
    for (const Extent& it : classes_of(file)) {
      ++seen;
      EXPECT_LE(it.length, most) << file.path << ":" << it.line << ": " << it.name
                                 << ": split it by concern";
    }
  }
  EXPECT_GT(seen, 500u);
}

TEST(Style, HeadersSayWhatTheyAre) {
  for (const SourceFile& file : source_files()) {
    if (!file.path.ends_with(".h")) continue;
    ASSERT_FALSE(file.lines.empty()) << file.path;
    EXPECT_TRUE(file.lines[0].starts_with("// ")) << file.path << " does not open with what it is";
    EXPECT_NE(std::find(file.lines.begin(), file.lines.end(), "#pragma once"), file.lines.end())
        << file.path;
  }
}

TEST(Style, NothingIsLeftForLaterAndNoMachineIsNamed) {
  // Built from pieces so that this file does not find itself.
  const std::regex words(std::string("TO") + "DO|FIX" + "ME|\\bX" + "XX\\b|HA" + "CK\\b|/ho" +
                         "me/|/ro" + "ot/|/wo" + "rk/");
  for (const SourceFile& file : source_files())
    for (std::size_t i = 0; i < file.lines.size(); ++i)
      EXPECT_FALSE(std::regex_search(file.lines[i], words))
          << file.path << ":" << i + 1 << ": " << file.lines[i];
}

// The results of the C library's transcendental functions differ between machines; those of protocol/math
// do not. tests/link says the same of the archives, where a call without `std::` is seen as well.
TEST(Style, NoTranscendentalFunctionOfTheLibraryIsCalled) {
  const std::regex banned(
      "(std::|__builtin_)(exp|exp2|expm1|log|log2|log10|log1p|pow|cbrt|hypot|sin|cos|tan|asin|acos|"
      "atan|atan2|sinh|cosh|tanh|asinh|acosh|atanh|erf|erfc|lgamma|tgamma)[fl]?\\b");
  EXPECT_TRUE(std::regex_search("y = std::tanhf(x);", banned));
  EXPECT_TRUE(std::regex_search("apply(std::exp);", banned));
  EXPECT_FALSE(std::regex_search("throw std::logic_error(math::exp(x), std::sqrt(x))", banned));
  for (const SourceFile& file : source_files())
    for (std::size_t i = 0; !file.is_test() && i < file.lines.size(); ++i)
      EXPECT_FALSE(std::regex_search(file.lines[i], banned))
          << file.path << ":" << i + 1 << ": " << file.lines[i] << " (use protocol/math/math.h)";
}

// Comments cite pages of the tree, or papers: a page that is elsewhere is no help to a reader.
TEST(Style, ReferencesResolve) {
  const std::regex page(R"(docs/[a-zA-Z_/-]+\.md)");
  const std::regex elsewhere(std::string("design ") + "page|interface" + "\\.md");
  std::size_t seen = 0;
  for (const SourceFile& file : source_files())
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string& line = file.lines[i];
      EXPECT_FALSE(std::regex_search(line, elsewhere)) << file.path << ":" << i + 1;
      for (std::sregex_iterator at(line.begin(), line.end(), page), end; at != end; ++at, ++seen)
        EXPECT_TRUE(std::filesystem::exists(std::string(SOLITON_SOURCE_DIR) + "/" + at->str()))
            << file.path << ":" << i + 1 << " cites " << at->str();
    }
  EXPECT_GT(seen, 50u);
}

}  // namespace
}  // namespace soliton
