// Every block of YAML in the documents is good and its model fits: a whole cluster file, experiment
// or device, or some keys of a cluster file, which then stand in for those of a small one.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <regex>

#include "tests/process/documents/console.h"
#include "tests/process/documents/pages.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

// The lines of each key at the left edge.
std::map<std::string, std::string> top_level(const std::string& yaml) {
  std::map<std::string, std::string> keys;
  std::string* current = nullptr;
  for (const std::string& line : lines_of(yaml)) {
    if (!line.empty() && std::isalpha(static_cast<unsigned char>(line[0])))
      current = &keys[line.substr(0, line.find(':'))];
    if (current) *current += line + "\n";
  }
  return keys;
}

std::string whole_cluster(const std::string& yaml) {
  std::map<std::string, std::string> keys = top_level(yaml);
  keys.merge(
      top_level("nodes:\n"
                "  - {name: \"fpga[0-3]\", device: bw-s10}\n"
                "  - {name: host0, device: cpu}\n"));
  // Services have a model each.
  if (!keys.contains("services"))
    keys.merge(top_level("model: {rnn: {cell: gru, hidden: 512, steps: 10}}\n"));
  std::string text;
  for (const auto& [key, lines] : keys) text += lines;
  return text;
}

std::string whole_file(const std::string& yaml) {
  // The address of some other host: an address this host has stands for it.
  const std::string here =
      std::regex_replace(yaml, std::regex(R"((listen: )\d+\.\d+\.\d+\.\d+)"), "$01127.0.0.1");
  const std::map<std::string, std::string> keys = top_level(here);
  return keys.contains("cluster") || keys.contains("kind") ? here : whole_cluster(here);
}

// Checks the file and goes as far as nothing but virtual time is needed: an experiment runs, the
// model of a cluster must fit.
std::string command_for(const std::string& whole) {
  const std::map<std::string, std::string> keys = top_level(whole);
  const char* further = keys.contains("cluster") ? " && soliton sweep block.yaml"
                        : keys.contains("kind")  ? ""
                                                 : " && soliton plan block.yaml";
  return std::string("soliton check block.yaml") + further;
}

// What the blocks name lies beside them.
void add_files(const Workplace& workplace) {
  for (const fs::directory_entry& entry :
       fs::directory_iterator(root_of_sources() / "configs" / "experiments"))
    fs::create_symlink(entry.path(), workplace.path() / entry.path().filename());
  workplace.write("run.key", std::string(64, '7') + "\n");
  chmod((workplace.path() / "run.key").c_str(), 0600);
}

TEST(DocumentsYaml, EveryBlockIsGood) {
  const Workplace workplace;
  add_files(workplace);
  std::size_t seen = 0;
  for (const std::string& page : documents())
    for (const Block& block : blocks_of(content_of(root_of_sources() / page))) {
      if (block.language != "yaml") continue;
      ++seen;
      const std::string text = whole_file(block.text());
      workplace.write("block.yaml", text);
      const CommandEnd end = workplace.run(command_for(text));
      EXPECT_EQ(end.status, 0) << page << ":" << block.line << ", read as\n"
                               << text << testing::PrintToString(end.seen);
    }
  EXPECT_GT(seen, 4u);
}

TEST(DocumentsYaml, APartOfAFileStandsInForItsKeys) {
  const std::string text = whole_cluster("model:\n  onnx: a.onnx\n# and\nfaults:\n  - {}\n");
  EXPECT_EQ(text.find("rnn"), std::string::npos);
  EXPECT_NE(text.find("model:\n  onnx: a.onnx\n"), std::string::npos);
  EXPECT_NE(text.find("faults:\n  - {}\n"), std::string::npos);
  EXPECT_NE(text.find("nodes:"), std::string::npos);
}

TEST(DocumentsYaml, AMistakeInAPartIsNoticed) {
  const Workplace workplace;
  workplace.write("block.yaml", whole_file("service: {batsh: 96}\n"));
  EXPECT_EQ(workplace.run("soliton check block.yaml").status, 2);
}

}  // namespace
}  // namespace soliton
