// What measures the sources is itself shown what it must find.
#include "tests/tidy/sizes.h"

#include <gtest/gtest.h>

namespace soliton {
namespace {

// A class of `length` lines, among things that are none.
SourceFile with_class(const std::string& head, std::size_t length) {
  SourceFile file{"planted.cc", {"class Declared;", "enum class Word { kA };", "namespace {"}};
  file.lines.push_back(head);
  for (std::size_t i = 2; i < length; ++i)
    file.lines.push_back(i % 2 == 0 ? "  char open = '{';  // {{" : "  void f() { g(\"}\"); }");
  file.lines.push_back("};");
  file.lines.push_back("}  // namespace");
  return file;
}

TEST(Sizes, FindAPlantedLongClass) {
  for (const char* head : {"class Long {", "struct Long : public Base<int> {",
                           "class Long final : Base {", "template <typename T> class Long {"}) {
    const std::vector<Extent> found = classes_of(with_class(head, 151));
    ASSERT_EQ(found.size(), 1U) << head;
    EXPECT_EQ(found[0].name, "Long");
    EXPECT_EQ(found[0].line, 4U);
    EXPECT_EQ(found[0].length, 151U) << head;
  }
}

TEST(Sizes, AHeadMayTakeSeveralLines) {
  SourceFile file{"planted.cc", {"class Long : public A,", "             public B {", "};"}};
  ASSERT_EQ(classes_of(file).size(), 1U);
  EXPECT_EQ(classes_of(file)[0].length, 3U);
}

TEST(Sizes, DeclarationsAndVariablesAreNoClasses) {
  SourceFile file{
      "planted.cc",
      {"struct tm when = {};", "class A;", "struct B;", "enum struct C {", "};", "// class D {"}};
  EXPECT_TRUE(classes_of(file).empty());
}

TEST(Sizes, AClassInAClassIsCountedInBoth) {
  SourceFile file{"planted.cc", {"class Outer {", "  struct Inner {", "    int a;", "  };", "};"}};
  const std::vector<Extent> found = classes_of(file);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].length, 5U);
  EXPECT_EQ(found[1].length, 3U);
}

TEST(Sizes, FindAPlantedLongFunction) {
  SourceFile file{"planted.cc", {"int f(int a) {"}};
  for (int i = 0; i < 69; ++i) file.lines.push_back("  if (a > 0) { --a; }");
  file.lines.push_back("}");
  const std::vector<Extent> found = functions_of(file);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].length, 71U);
}

}  // namespace
}  // namespace soliton
