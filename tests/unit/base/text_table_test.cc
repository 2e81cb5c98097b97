#include "protocol/base/text_table.h"

#include <gtest/gtest.h>

namespace soliton {
namespace {

TEST(TextTable, AlignsColumnsAndEndsLinesWithoutSpaces) {
  EXPECT_EQ(
      text_table({{"node", "memory", "holds"}, {"a", "17", "rows 0 to 3"}, {"switch", "", ""}}),
      "node    memory  holds\n"
      "a       17      rows 0 to 3\n"
      "switch\n");
}

TEST(TextTable, CountsCharactersNotBytes) {
  EXPECT_EQ(text_table({{"é█", "1"}, {"abc", "2"}}),
            "é█   1\n"
            "abc  2\n");
}

TEST(TextTable, RowsMayBeShort) {
  EXPECT_EQ(text_table({{"a", "b"}, {"long"}, {}}),
            "a     b\n"
            "long\n"
            "\n");
  EXPECT_EQ(text_table({}), "");
}

}  // namespace
}  // namespace soliton
