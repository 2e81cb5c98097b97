// docs/models.md lists the operators that FPGAs run, with what each needs.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "partition/ir/operator.h"
#include "partition/region/split_model.h"

namespace soliton {
namespace {

constexpr const char* kPage = SOLITON_SOURCE_DIR "/docs/models.md";
constexpr const char* kBegin = "<!-- operators of FPGAs -->\n";
constexpr const char* kEnd = "<!-- end of operators of FPGAs -->";
constexpr std::size_t kWidth = 130;

std::string listed() {
  std::string out, line;
  for (const FpgaOperator& op : fpga_operators()) {
    const std::string next = op.needs.empty() ? fmt::format("`{}`", op.name)
                                              : fmt::format("`{}` ({})", op.name, op.needs);
    if (line.size() + next.size() > kWidth) out += line + "\n", line.clear();
    line += (line.empty() ? "" : " · ") + next;
  }
  return out + line + "\n";
}

TEST(FpgaOperators, PageListsThoseOfTheRules) {
  std::stringstream text;
  text << std::ifstream(kPage).rdbuf();
  std::string page = text.str();
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

TEST(FpgaOperators, EachIsAnOperatorAndHasOneRule) {
  const std::vector<FpgaOperator> all = fpga_operators();
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_NE(ir::find_operator(all[i].name), nullptr) << all[i].name;
    if (i > 0) {
      EXPECT_LT(all[i - 1].name, all[i].name);
    }
  }
}

}  // namespace
}  // namespace soliton
