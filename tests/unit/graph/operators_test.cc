// docs/models.md lists the operators of the table, one more or one less is an error.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "partition/ir/operator.h"
#include "tests/page_list.h"

namespace soliton::ir {
namespace {

TEST(Operators, PageListsThoseOfTheTable) {
  std::vector<std::string> items;
  for (const Operator* op : operators()) items.push_back(fmt::format("`{}`", op->name));
  testing::expect_listed("docs/models.md", "operators", testing::lines_of(items, " "));
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
