#include "cluster/report/words.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace soliton {
namespace {

TEST(GroupThousands, GroupsFromTheRight) {
  EXPECT_EQ(group_thousands(0), "0");
  EXPECT_EQ(group_thousands(999), "999");
  EXPECT_EQ(group_thousands(1000), "1,000");
  EXPECT_EQ(group_thousands(-1234567), "-1,234,567");
  EXPECT_EQ(group_thousands(std::numeric_limits<std::int64_t>::min()),
            "-9,223,372,036,854,775,808");
}

TEST(Significant, RoundsLargeNumbersAndKeepsSmallOnes) {
  EXPECT_EQ(significant(31'349.9, 3), "31,300");
  EXPECT_EQ(significant(0.0189, 2), "0.019");
  EXPECT_EQ(significant(35.92, 3), "35.9");
  EXPECT_EQ(significant(0, 3), "0");
  EXPECT_EQ(significant(-0.5, 2), "-0.50");
  EXPECT_EQ(significant(std::nan(""), 3), "-");
  EXPECT_EQ(significant(HUGE_VAL, 3), "-");
}

TEST(Brief, DropsZerosThatSayNothing) {
  EXPECT_EQ(brief(2, 4), "2");
  EXPECT_EQ(brief(0.5, 3), "0.5");
  EXPECT_EQ(brief(1500, 2), "1,500");
  EXPECT_EQ(brief(0, 3), "0");
}

TEST(Percent, HasADecimalOnlyWhenSmall) {
  EXPECT_EQ(percent(0.35), "35 %");
  EXPECT_EQ(percent(0.008), "0.8 %");
  EXPECT_EQ(percent(0), "0 %");
  EXPECT_EQ(percent(1), "100 %");
}

TEST(TimeUnit, FitsTheGroup) {
  EXPECT_EQ(spell_time(picoseconds(31'940'000)), "31.9 us");
  EXPECT_EQ(spell_time(picoseconds(2'880'000)), "2.88 us");
  EXPECT_EQ(spell_time(microseconds(1987)), "1,987 us");
  EXPECT_EQ(spell_time(milliseconds(38)), "38.0 ms");
  EXPECT_EQ(spell_time(milliseconds(90'000)), "90.0 s");
  EXPECT_EQ(TimeUnit::fitting(milliseconds(38)).spell(microseconds(500)), "0.50");
}

TEST(NameRanges, JoinsConsecutiveNumbersOnly) {
  EXPECT_EQ(name_ranges({"fpga0", "fpga1", "fpga2"}), "fpga0-2");
  EXPECT_EQ(name_ranges({"fpga0", "fpga2", "fpga3", "gpu4"}), "fpga0, fpga2-3, gpu4");
  EXPECT_EQ(name_ranges({"a", "b"}), "a, b");
  EXPECT_EQ(name_ranges({"n9", "n10", "n11"}), "n9-11");
  EXPECT_EQ(name_ranges({"n01", "n02"}), "n01, n02");
  EXPECT_EQ(name_ranges({"n99999999999999999999"}), "n99999999999999999999");
  EXPECT_EQ(name_ranges({}), "");
}

TEST(JoinAnd, ReadsLikeASentence) {
  EXPECT_EQ(join_and({"a"}), "a");
  EXPECT_EQ(join_and({"a", "b", "c"}), "a, b and c");
}

}  // namespace
}  // namespace soliton
