#include "protocol/base/text.h"

#include <gtest/gtest.h>

namespace soliton {
namespace {

constexpr const char* kReplacement = "\xef\xbf\xbd";

TEST(ValidUtf8, KeepsWhatIsValid) {
  const std::string text = "fpga0 é █ 🂡 \x7f";
  EXPECT_EQ(valid_utf8(text), text);
}

TEST(ValidUtf8, ReplacesOverlongSurrogateTooLargeAndCutSequences) {
  EXPECT_EQ(valid_utf8("\xff"), kReplacement);
  EXPECT_EQ(valid_utf8("a\xc3"), std::string("a") + kReplacement);
  EXPECT_EQ(valid_utf8("\xc0\xaf"), std::string(kReplacement) + kReplacement);
  EXPECT_EQ(valid_utf8("\xed\xa0\x80").find('\xed'), std::string::npos);
  EXPECT_EQ(valid_utf8("\xf4\x90\x80\x80").find('\xf4'), std::string::npos);
  EXPECT_EQ(valid_utf8("\xe0\x80\x80").find('\xe0'), std::string::npos);
}

TEST(Escaped, ControlCharactersAreSpelledOut) {
  EXPECT_EQ(escaped("a\x1b[2Jb\nc\x7f é"), "a\\x1b[2Jb\\x0ac\\x7f é");
}

TEST(Escaped, C1AndMarksOfDirectionAreSpelledOut) {
  EXPECT_EQ(escaped("a\u009bb"), "a\\x9bb");
  EXPECT_EQ(escaped("a\u202eb\u2066c\ufeff"), "a\\u202eb\\u2066c\\ufeff");
}

TEST(Escaped, BytesThatAreNoUtf8AreSpelledOut) {
  // 0x9b alone is C1's CSI on an 8-bit terminal.
  EXPECT_EQ(escaped("a\x9b"
                    "2J"),
            "a\\x9b2J");
  EXPECT_EQ(escaped("\xff"), "\\xff");
}

TEST(Escaped, LinesKeepBreaksAndTabs) { EXPECT_EQ(escaped_lines("a\tb\nc\r"), "a\tb\nc\\x0d"); }

TEST(Printable, IsCutBetweenCharacters) {
  EXPECT_EQ(printable("abc", 3), "abc");
  EXPECT_EQ(printable("abcd", 3), "abc...");
  EXPECT_EQ(printable("abéd", 3), "ab...");
}

}  // namespace
}  // namespace soliton
