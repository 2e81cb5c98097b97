// A list of names in docs/ that is made from a table of the code: between two comments of the page.
// With SOLITON_REPAIR_DOCUMENTS set, the list is written.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace soliton::testing {

// Items in lines of up to 130 characters, with `between` from one to the next.
inline std::string lines_of(const std::vector<std::string>& items, std::string_view between) {
  constexpr std::size_t kWidth = 130;
  std::string out, line;
  for (const std::string& item : items) {
    if (line.size() + item.size() > kWidth) {
      out += line + "\n";
      line.clear();
    }
    if (!line.empty()) line += between;
    line += item;
  }
  return out + line + "\n";
}

// `page` is a path from the root of the sources. The list stands between <!-- title --> and
// <!-- end of title -->.
inline void expect_listed(const std::string& page, const std::string& title,
                          const std::string& list) {
  const std::string path = std::string(SOLITON_SOURCE_DIR) + "/" + page;
  std::stringstream file;
  file << std::ifstream(path).rdbuf();
  std::string text = file.str();
  const std::string start = fmt::format("<!-- {} -->\n", title);
  const std::size_t begin = text.find(start);
  const std::size_t end = text.find(fmt::format("<!-- end of {} -->", title));
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::size_t from = begin + start.size();
  if (std::getenv("SOLITON_REPAIR_DOCUMENTS") != nullptr) {
    text.replace(from, end - from, list);
    std::ofstream(path) << text;
  }
  EXPECT_EQ(text.substr(from, end - from), list) << "SOLITON_REPAIR_DOCUMENTS=1 writes the list";
}

}  // namespace soliton::testing
