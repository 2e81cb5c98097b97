// Our reader of YAML beside yaml-cpp, as an independent implementation: the same trees, with the
// same positions, of all shipped files and of mutations of them that both accept.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "cluster/spec/yaml_tree.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

std::string leaf(const std::string& text, int line, int column) {
  return fmt::format("\"{}\"@{}:{} ", escaped(text), line, column);
}

// What our files may not have. Ends yaml-cpp's parse: its interface has no other way.
struct Refused {};

// yaml-cpp's events as one line.
class PeerEvents final : public YAML::EventHandler {
 public:
  std::string out;
  void OnDocumentStart(const YAML::Mark&) override {
    if (documents_++ > 0) throw Refused{};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override { out += "~ "; }
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override { throw Refused{}; }
  void OnAnchor(const YAML::Mark&, const std::string&) override { throw Refused{}; }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string& text) override {
    out += leaf(text, mark.line + 1, mark.column + 1);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    out += fmt::format("[@{}:{} ", mark.line + 1, mark.column + 1);
  }
  void OnSequenceEnd() override { out += "] "; }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    out += fmt::format("{{@{}:{} ", mark.line + 1, mark.column + 1);
  }
  void OnMapEnd() override { out += "} "; }

 private:
  int documents_ = 0;
};

std::optional<std::string> peer(const std::string& text) {
  PeerEvents events;
  try {
    std::istringstream stream{text};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(events)) {
    }
  } catch (const YAML::Exception&) {
    return std::nullopt;
  } catch (const Refused&) {
    return std::nullopt;
  }
  if (events.out.empty()) events.out = "~ ";
  return events.out;
}

void append(const YamlValue& value, std::string& out) {
  const bool map = value.kind == YamlValue::Kind::kMap;
  if (value.kind == YamlValue::Kind::kNull) {
    out += "~ ";
  } else if (value.kind == YamlValue::Kind::kScalar) {
    out += leaf(value.text, value.mark.line, value.mark.column);
  } else {
    out += fmt::format("{}@{}:{} ", map ? "{" : "[", value.mark.line, value.mark.column);
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      if (map) out += leaf(value.keys[i].name, value.keys[i].mark.line, value.keys[i].mark.column);
      append(value.items[i], out);
    }
    out += map ? "} " : "] ";
  }
}

std::optional<std::string> ours(const std::string& text) {
  const Checked<YamlValue> tree = parse_yaml(text, "f.yaml");
  if (!tree) return std::nullopt;
  std::string out;
  append(*tree, out);
  return out;
}

std::vector<std::string> shipped_texts() {
  std::vector<std::string> files, texts;
  for (const char* folder : {"configs", "topologies", "tests/fuzz/spec/corpus"})
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(SOLITON_SOURCE_DIR) / folder))
      if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    texts.push_back(text.str());
  }
  return texts;
}

TEST(YamlPeer, ShippedFilesAreTheSameTrees) {
  const std::vector<std::string> texts = shipped_texts();
  ASSERT_GT(texts.size(), 30U);
  std::size_t read = 0;
  for (const std::string& text : texts) {
    const auto a = ours(text), b = peer(text);
    if (!a || !b) continue;
    EXPECT_EQ(*a, *b);
    ++read;
  }
  EXPECT_GT(read, 30U);
}

// yaml-cpp 0.7 folds `>` otherwise than YAML 1.2 says, so texts with it are left out.
TEST(YamlPeer, MutationsThatBothAcceptAreTheSameTrees) {
  const std::vector<std::string> texts = shipped_texts();
  const Random random(1, "yaml mutations");
  std::size_t both = 0;
  for (std::uint64_t round = 0; round < 3'000; ++round) {
    const Random draw = random.child(round);
    std::string text = texts[draw.below(0, texts.size())];
    const std::size_t at = draw.below(1, text.size());
    switch (draw.below(2, 4)) {
      case 0:
        text.erase(at, draw.below(3, 30));
        break;
      case 1:
        text[at] = " \n:-,[]{}#'\"\\a1|&*!~"[draw.below(3, 20)];
        break;
      case 2:
        text.insert(at, std::string(1 + draw.below(3, 3), "[]{}:,-#\"' \n"[draw.below(4, 12)]));
        break;
      default:
        text.insert(at, text.substr(draw.below(3, text.size()), draw.below(4, 40)));
    }
    if (text.find('>') != std::string::npos) continue;
    // yaml-cpp does not come back from some broken texts.
    const auto a = ours(text);
    const auto b = a ? peer(text) : std::nullopt;
    if (!a || !b) continue;
    ++both;
    ASSERT_EQ(*a, *b) << text;
  }
  EXPECT_GT(both, 1'000U);
}

}  // namespace
}  // namespace soliton
