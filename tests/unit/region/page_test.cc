// docs/models.md lists the operators that FPGAs run, with what each needs.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "partition/ir/operator.h"
#include "partition/region/split_model.h"
#include "tests/page_list.h"

namespace soliton {
namespace {

TEST(FpgaOperators, PageListsThoseOfTheRules) {
  std::vector<std::string> items;
  for (const FpgaOperator& op : fpga_operators())
    items.push_back(op.needs.empty() ? fmt::format("`{}`", op.name)
                                     : fmt::format("`{}` ({})", op.name, op.needs));
  testing::expect_listed("docs/models.md", "operators of FPGAs", testing::lines_of(items, " · "));
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
