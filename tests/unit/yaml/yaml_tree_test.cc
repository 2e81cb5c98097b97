#include "cluster/yaml/yaml_tree.h"

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
  EXPECT_EQ(error_in("a: !!binary aGk=\n"), "f.yaml:1:4: tags (!!binary) are not accepted");
  EXPECT_EQ(error_in("a: !x {b: 1}\n"), "f.yaml:1:4: tags (!x) are not accepted");
  EXPECT_EQ(error_in("a: 1\n---\nb: 1\n"), "f.yaml:2:1: a second document: a file holds one");
  for (const char* text : {"[a, b]: 1\n", "a: 1\n{b: c}: 2\n", "a: {[b]: 1}\n", "a: [[b]: 1]\n"})
    EXPECT_NE(error_in(text).find("a key must be a plain name, not a list or a map"),
              std::string::npos)
        << text;
  for (const char* line : {"%YAML 1.2", "%YAML 7.1", "%YAML x", "%TAG ! !x", "%FOO bar", "%"})
    EXPECT_EQ(error_in(std::string(line) + "\n---\na: 1\n"),
              "f.yaml:1:1: directives (%) are not accepted")
        << line;
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

// The tree of a text as one line: scalars in quotes, null as ~.
std::string shown(const YamlValue& value) {
  if (value.kind == YamlValue::Kind::kNull) return "~";
  if (value.kind == YamlValue::Kind::kScalar) return "'" + value.text + "'";
  const bool map = value.kind == YamlValue::Kind::kMap;
  std::string out = map ? "{" : "[";
  for (std::size_t i = 0; i < value.items.size(); ++i)
    out += (i > 0 ? ", " : "") + (map ? value.keys[i].name + ": " : "") + shown(value.items[i]);
  return out + (map ? "}" : "]");
}

std::string tree_of(const std::string& text) {
  const Checked<YamlValue> tree = parse_yaml(text, "f.yaml");
  return tree ? shown(*tree) : tree.error().text();
}

// What YAML 1.2 says of each; chapters 6 to 8 have the rules.
TEST(YamlTree, CollectionsNest) {
  EXPECT_EQ(tree_of("a:\n  b: 1\n  c:\n  - x\n  - y: 2\n    z: 3\nd: 4\n"),
            "{a: {b: '1', c: ['x', {y: '2', z: '3'}]}, d: '4'}");
  EXPECT_EQ(tree_of("- - a\n  - b\n-\n  c: 1\n- {d: [1, 2,], e, f: }\n"),
            "[['a', 'b'], {c: '1'}, {d: ['1', '2'], e: ~, f: ~}]");
  EXPECT_EQ(tree_of("a: [x: 1, {y: 2},\n # note\n  z]\n"), "{a: [{x: '1'}, {y: '2'}, 'z']}");
  EXPECT_EQ(tree_of("---\na : 1\n\"b c\": 2\n...\n"), "{a: '1', b c: '2'}");
  EXPECT_EQ(tree_of("? a\n: 1\n"), "{a: '1'}");
  EXPECT_EQ(tree_of("\xef\xbb\xbf"
                    "a: 1\r\nb:\r\n- 2\r\n"),
            "{a: '1', b: ['2']}");
}

TEST(YamlTree, ScalarsOfAllKinds) {
  EXPECT_EQ(tree_of("a: x#y # note\nb: x:y\nc: -1\nd: a, b]\n"),
            "{a: 'x#y', b: 'x:y', c: '-1', d: 'a, b]'}");
  EXPECT_EQ(tree_of("a: one\n  two\n\n  three\nb: [one\n  two]\n"),
            "{a: 'one two\nthree', b: ['one two']}");
  EXPECT_EQ(tree_of("a: \"x\\t\\x41\\u00e9\\U0001f600\\\n   y\n  z\"\n"),
            "{a: 'x\tA\xc3\xa9\xf0\x9f\x98\x80y z'}");
  EXPECT_EQ(tree_of("a: 'it''s \\n'\nb: \"null\"\nc: null\n"), "{a: 'it's \\n', b: 'null', c: ~}");
  EXPECT_EQ(tree_of("a: |\n  x\n   y\n\n  z\n\nb: >-\n  one\n  two\n\n  three\n"),
            "{a: 'x\n y\n\nz\n', b: 'one two\nthree'}");
  EXPECT_EQ(tree_of("a: |+\n  x\n\n\nb: >2\n    two\n  more\n"),
            "{a: 'x\n\n\n', b: '  two\nmore\n'}");
}

TEST(YamlTree, LikelyMistakesGetTheirCure) {
  EXPECT_EQ(error_in("a:\n\tb: 2\n"),
            "f.yaml:2:1: a tab indents this line, which YAML does not allow: use spaces");
  EXPECT_EQ(error_in("a:\n \t b: 2\n"),
            "f.yaml:2:2: a tab indents this line, which YAML does not allow: use spaces");
  EXPECT_EQ(error_in("n:\n  - {name: fpga[0-3], d: x}\n  - {name: a[0-1]b, d: x}\n"),
            "f.yaml:2:12: a range inside {} or [] must be quoted: \"fpga[0-3]\"\n"
            "f.yaml:3:12: a range inside {} or [] must be quoted: \"a[0-1]b\"");
  EXPECT_EQ(error_in("n: [fpga[0-3], host0]\n"),
            "f.yaml:1:5: a range inside {} or [] must be quoted: \"fpga[0-3]\"");
  EXPECT_EQ(error_in("a: b: c\n"),
            "f.yaml:1:5: not valid YAML: no \": \" is allowed here: quote the value, or indent the "
            "line like the others");
  EXPECT_EQ(
      error_in("a: \"x\"\n   b: 1\n"),
      "f.yaml:2:4: not valid YAML: did not find expected key, while parsing a map that begins "
      "on line 1");
  EXPECT_EQ(error_in("a: 1\nbcd\n"),
            "f.yaml:2:1: not valid YAML: could not find expected ':', while scanning a key that "
            "begins here");
  EXPECT_EQ(
      error_in("a: {b: 1\nc: 2\n"),
      "f.yaml:2:2: not valid YAML: did not find expected ',' or '}', while parsing a map in {} "
      "that begins on line 1");
  EXPECT_EQ(error_in("a: [1 2, 3\n"),
            "f.yaml:1:4: not valid YAML: did not find expected ',' or ']', while parsing a list in "
            "[] that begins here");
  EXPECT_EQ(
      error_in("a: {b: \"1\" c: 2}\n"),
      "f.yaml:1:12: not valid YAML: did not find expected ',' or '}', while parsing a map in {} "
      "that begins on line 1");
  EXPECT_EQ(error_in("a: 'x\n"),
            "f.yaml:1:4: not valid YAML: found unexpected end of file, while scanning a quoted "
            "scalar that begins here");
  EXPECT_EQ(
      error_in("a: \"C:\\d\"\n"),
      "f.yaml:1:7: not valid YAML: found unknown escape character, while parsing a quoted scalar "
      "that begins on line 1");
  EXPECT_EQ(error_in("a: @x\n"),
            "f.yaml:1:4: not valid YAML: no value begins with this character: write it in quotes");
}

// Text that is as it should be, and means nothing of the kind, is not taken for a mistake.
TEST(YamlTree, CuresAreForWhatWasRefused) {
  constexpr std::string_view kInnocent =
      "name: fpga[0-3]\n# {x[0-1]}\nq: [\"{x[0-1]\", 'it''s x[0-1]', {a: \"x[0-1]\"}]\n"
      "w: it's {x[0-1]} here\ns: |\n  \n  if:\n  \tcode\n\n  {x[0-1]}\nl: [1,\n\t2]\n";
  EXPECT_EQ(error_in(std::string(kInnocent)), "");
  EXPECT_EQ(error_in("a: @\n" + std::string(kInnocent)),
            "f.yaml:1:4: not valid YAML: no value begins with this character: write it in quotes");
  EXPECT_EQ(
      error_in("\xef\xbb\xbf" + std::string(kInnocent) + "e: {\xc3\xbc: 1, n: fpga[0-3]}\n\t- x\n"),
      "f.yaml:13:14: a range inside {} or [] must be quoted: \"fpga[0-3]\"\n"
      "f.yaml:14:1: a tab indents this line, which YAML does not allow: use spaces");
  EXPECT_EQ(error_in("[r[0-1]n[00-11], fpga[0-3]]\n"),
            "f.yaml:1:2: a range inside {} or [] must be quoted: \"r[0-1]n[00-11]\"\n"
            "f.yaml:1:18: a range inside {} or [] must be quoted: \"fpga[0-3]\"");
}

// A tab is a blank where no indentation can be.
TEST(YamlTree, TabsBetweenWordsAreBlanks) {
  EXPECT_EQ(tree_of("a:\t1\t# note\nb: [1,\n\t2]\n"), "{a: '1', b: ['1', '2']}");
  EXPECT_EQ(error_in("a:\t1\t# note\n\t\n\t# note\n"),
            "f.yaml:2:1: a tab indents this line, which YAML does not allow: use spaces\n"
            "f.yaml:3:1: a tab indents this line, which YAML does not allow: use spaces");
  EXPECT_EQ(error_in("-\tx\n- \ty\n"),
            "f.yaml:1:2: a tab after \"-\", where YAML allows only spaces: use spaces\n"
            "f.yaml:2:3: a tab after \"-\", where YAML allows only spaces: use spaces");
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
  EXPECT_EQ(error_in("\xc3\xbc: \xc2\x9b\n"), "f.yaml:1:4: control character \\u009b");
  EXPECT_EQ(error_in("a: 1\r\nb: \xe2\x80\xa8\n"),
            "f.yaml:2:4: a character that is not text: \\u2028");
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
  std::string list = "[";
  for (std::size_t i = 0; i + 1 < kYamlValuesLimit; ++i) list += "1,";
  EXPECT_EQ(error_in(list + "]"), "");
  EXPECT_EQ(error_in(list + "1]"), "f.yaml:1:2000000: more than 1000000 values");
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
