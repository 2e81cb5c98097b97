#include "cluster/spec/yaml_tree.h"

#include <gtest/gtest.h>

namespace soliton {
namespace {

std::string error_in(const std::string& text) {
  const Checked<YamlValue> tree = parse_yaml(text, "f.yaml");
  if (tree) return "";
  std::string all;
  for (const Error& error : tree.error().errors) all += (all.empty() ? "" : "\n") + error.message;
  return all;
}

TEST(YamlTree, KeepsValuesAndTheirPositions) {
  const Checked<YamlValue> tree = parse_yaml("a: 1\nb:\n  - {c: \"x y\"}\n  -\nd: ~\n", "f.yaml");
  ASSERT_TRUE(tree.has_value()) << tree.error().text();
  ASSERT_EQ(tree->kind, YamlValue::Kind::kMap);
  EXPECT_EQ(tree->find("a")->text, "1");
  EXPECT_EQ(tree->find("a")->mark, (Mark{1, 4, -1}));
  const YamlValue& list = *tree->find("b");
  ASSERT_EQ(list.items.size(), 2U);
  EXPECT_EQ(list.items[0].find("c")->text, "x y");
  EXPECT_EQ(list.items[0].find("c")->mark, (Mark{3, 9, -1}));
  EXPECT_EQ(list.items[1].kind, YamlValue::Kind::kNull);
  EXPECT_EQ(tree->find("d")->kind, YamlValue::Kind::kNull);
  EXPECT_EQ(tree->find("e"), nullptr);
}

TEST(YamlTree, AnEmptyTextIsNull) {
  for (const char* text : {"", "\n", "# nothing\n", "---\n"}) {
    const Checked<YamlValue> tree = parse_yaml(text, "f.yaml");
    ASSERT_TRUE(tree.has_value()) << text;
    EXPECT_EQ(tree->kind, YamlValue::Kind::kNull) << text;
  }
}

TEST(YamlTree, RefusesWhatMeansMoreThanItSays) {
  EXPECT_EQ(error_in("a: &x 1\nb: 2\n"),
            "f.yaml:1:4: anchors (&x) are not accepted: write the value out where it is used");
  EXPECT_EQ(error_in("a: &x 1\nb: *x\n"),
            "f.yaml:1:4: anchors (&x) are not accepted: write the value out where it is used\n"
            "f.yaml:2:4: aliases (*name) are not accepted: write the value out");
  EXPECT_EQ(error_in("a: !!binary aGk=\n"),
            "f.yaml:1:4: tags (tag:yaml.org,2002:binary) are not accepted");
  EXPECT_EQ(error_in("a: !x {b: 1}\n"), "f.yaml:1:4: tags (!x) are not accepted");
  EXPECT_EQ(error_in("a: 1\n---\nb: 1\n"), "f.yaml:2:1: a second document: a file holds one");
  EXPECT_EQ(error_in("? [a, b]\n: 1\n"),
            "f.yaml:1:3: a key must be a plain name, not a list or a map");
}

TEST(YamlTree, AKeyUsedTwiceNamesBothLines) {
  EXPECT_EQ(error_in("a: 1\nb: 2\nc: 3\na: 4\n"),
            "f.yaml:4:1: key \"a\" is used twice: here and on line 1");
  EXPECT_EQ(error_in("a:\n  - {x: 1,\n     x: 2}\n"),
            "f.yaml:3:6: key \"x\" is used twice: here and on line 2");
}

TEST(YamlTree, SyntaxErrorsHaveAPosition) {
  EXPECT_EQ(error_in("a: [1, 2\nb: 3\n").rfind("f.yaml:", 0), 0U);
  EXPECT_NE(error_in("a: {b: 1\n").find("not valid YAML"), std::string::npos);
  EXPECT_NE(error_in("a: 1\n\tb: 2\n"), "");
}

TEST(YamlTree, AcceptsOnlyUtf8Text) {
  EXPECT_EQ(error_in("a: gr\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x98\x80\n"), "");
  EXPECT_EQ(error_in("a: 1\nb: \xff\n"), "f.yaml:2:4: not valid UTF-8");
  EXPECT_EQ(error_in("b: \xc0\xaf\n"), "f.yaml:1:4: not valid UTF-8");          // overlong
  EXPECT_EQ(error_in("b: \xe0\x80\xaf\n"), "f.yaml:1:4: not valid UTF-8");      // overlong
  EXPECT_EQ(error_in("b: \xed\xa0\x80\n"), "f.yaml:1:4: not valid UTF-8");      // surrogate
  EXPECT_EQ(error_in("b: \xf4\x90\x80\x80\n"), "f.yaml:1:4: not valid UTF-8");  // above U+10FFFF
  EXPECT_EQ(error_in("b: \xe2\x82"), "f.yaml:1:4: not valid UTF-8");            // cut off
  EXPECT_EQ(error_in(std::string("a: \0b\n", 6)), "f.yaml:1:4: control character \\x00");
  EXPECT_EQ(error_in("a: \x1b[31m\n"), "f.yaml:1:4: control character \\x1b");
}

TEST(YamlTree, LimitsAreExact) {
  const auto nested = [](std::size_t levels) {
    return std::string(levels, '[') + "1" + std::string(levels, ']');
  };
  EXPECT_EQ(error_in(nested(kYamlDepthLimit)), "");
  EXPECT_EQ(error_in(nested(kYamlDepthLimit + 1)), "f.yaml:1:33: nested deeper than 32 levels");
  EXPECT_EQ(error_in("a: " + std::string(kYamlScalarLimit, 'x')), "");
  EXPECT_EQ(error_in("a: " + std::string(kYamlScalarLimit + 1, 'x')),
            "f.yaml:1:4: a value of 65537 bytes; the limit is 65536");
  EXPECT_EQ(error_in(std::string("#").append(kYamlMarksLimit, ',')), "");
  EXPECT_EQ(error_in(std::string("#").append(kYamlMarksLimit + 1, ',')),
            "f.yaml:1:2000002: more than 2000000 of []{},:");
  EXPECT_EQ(error_in(std::string(kYamlBytesLimit + 1, '\n')),
            "f.yaml:1:1: 16777217 bytes; the limit is 16777216");
}

TEST(YamlTree, MessagesCarryNoControlBytes) {
  EXPECT_EQ(error_in("\"a\\e[31m\": 1\n\"a\\e[31m\": 2\n"),
            "f.yaml:2:1: key \"a\\x1b[31m\" is used twice: here and on line 1");
}

TEST(YamlTree, ManyErrorsAreCutOff) {
  std::string text;
  for (int i = 0; i < 1'000; ++i) text += "- &x" + std::to_string(i) + " 1\n";
  const Checked<YamlValue> tree = parse_yaml(text, "f.yaml");
  ASSERT_FALSE(tree.has_value());
  EXPECT_EQ(tree.error().errors.size(), 100U);
}

TEST(YamlTree, AddedKeysAreFound) {
  Checked<YamlValue> tree = parse_yaml("m: 1\nz: 2\n", "f.yaml");
  ASSERT_TRUE(tree.has_value());
  tree->add({"a", {}}, YamlValue{});
  tree->add({"q", {}}, YamlValue{});
  for (const char* key : {"a", "m", "q", "z"}) EXPECT_NE(tree->find(key), nullptr) << key;
  EXPECT_EQ(tree->find("m")->text, "1");
  EXPECT_EQ(tree->find("z")->text, "2");
}

}  // namespace
}  // namespace soliton
