#include "cluster/results/text.h"

#include <gtest/gtest.h>

#include "cluster/results/sha256.h"

namespace soliton {
namespace {

TEST(CsvCell, QuotesSeparatorsAndDoublesQuotes) {
  EXPECT_EQ(csv_cell("plain name"), "plain name");
  EXPECT_EQ(csv_cell("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_cell("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(csv_cell("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(csv_cell(""), "");
}

TEST(CsvCell, DisarmsFormulas) {
  for (const char* text : {"=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"})
    EXPECT_EQ(csv_cell(text), std::string("\"'") + text + "\"");
  EXPECT_EQ(csv_cell("a=1"), "a=1");
}

TEST(Sha256, AgreesWithTheStandardsExamples) {
  Sha256 hash;
  EXPECT_EQ(hash.hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  hash.update("abc");
  EXPECT_EQ(hash.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, DoesNotDependOnHowTheBytesWereCut) {
  Sha256 one, two;
  const std::string text(1000, 'x');
  one.update(text);
  two.update(text.substr(0, 63));
  EXPECT_NE(two.hex(), one.hex());
  two.update(text.substr(63));
  EXPECT_EQ(two.hex(), one.hex());
}

}  // namespace
}  // namespace soliton
