// Kinds of faults are values: each is listed once, and its options go through its table.
#include <gtest/gtest.h>

#include <set>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

TEST(FaultKinds, AreListedOnceWithAllThatListsSay) {
  std::set<std::string_view> names;
  for (const FaultKind* kind : fault_kinds()) {
    EXPECT_TRUE(names.insert(kind->name).second) << kind->name;
    EXPECT_FALSE(kind->words.empty());
    EXPECT_NE(kind->example.find(kind->name), std::string_view::npos);
    EXPECT_EQ(find_fault_kind(kind->name), kind);
  }
  EXPECT_EQ(find_fault_kind("no_such_kind"), nullptr);
}

TEST(FaultKinds, SayWhatTheyDo) {
  const FaultRule loss{.options = loss_settings({.p = {10'000'000}})};
  EXPECT_EQ(loss.effect()->words(), "lost 1 % of its packets");
  const FaultRule delay{.kind = &kDelayFault,
                        .options = delay_settings({microseconds(3), microseconds(2)})};
  EXPECT_EQ(delay.effect()->words(), "delayed its packets by 3 us and more");
  EXPECT_EQ(delay.effect()->most_delay(), microseconds(5));
  const FaultRule down{.kind = &kLinkDownFault};
  EXPECT_EQ(down.effect()->words(), "was down");
  EXPECT_TRUE(down.effect()->cuts());
}

}  // namespace
}  // namespace soliton
