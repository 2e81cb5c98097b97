// docs/models.md lists the operators of the table, one more or one less is an error.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "partition/ir/operator.h"

namespace soliton::ir {
namespace {

constexpr const char* kPage = SOLITON_SOURCE_DIR "/docs/models.md";
constexpr const char* kBegin = "<!-- operators -->\n";
constexpr const char* kEnd = "<!-- end of operators -->";
constexpr std::size_t kWidth = 130;

std::string read_page() {
  std::stringstream text;
  text << std::ifstream(kPage).rdbuf();
  return text.str();
}

std::string listed() {
  std::string out, line;
  for (const Operator* op : operators()) {
    const std::string next = fmt::format("`{}`", op->name);
    if (line.size() + next.size() > kWidth) out += line + "\n", line.clear();
    line += (line.empty() ? "" : " ") + next;
  }
  return out + line + "\n";
}

TEST(Operators, PageListsThoseOfTheTable) {
  std::string page = read_page();
  const std::size_t begin = page.find(kBegin), end = page.find(kEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::size_t from = begin + std::string(kBegin).size();
  if (std::getenv("SOLITON_REPAIR_DOCUMENTS") != nullptr) {
    page.replace(from, end - from, listed());
    std::ofstream(kPage) << page;
  }
  EXPECT_EQ(page.substr(from, end - from), listed())
      << "SOLITON_REPAIR_DOCUMENTS=1 writes the list";
}

TEST(Operators, AreSortedAndDifferent) {
  const auto all = operators();
  ASSERT_GT(all.size(), 150u);
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_LT(all[i - 1]->name, all[i]->name);
  for (const Operator* op : all) EXPECT_EQ(find_operator(op->name), op);
  EXPECT_EQ(find_operator("Nothing"), nullptr);
}

}  // namespace
}  // namespace soliton::ir
