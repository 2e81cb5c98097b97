// Shell lines of the documents: those of the tool are run, the others name what exists.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>

#include "tests/process/documents/console.h"
#include "tests/process/documents/pages.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

struct ShellLine {
  std::string place;  // page:line
  std::string text;   // without its comment
};

// All lines of blocks fenced as ```sh.
std::vector<ShellLine> shell_lines() {
  static const std::regex comment(R"((^|\s+)#.*$)");
  std::vector<ShellLine> found;
  for (const std::string& page : documents())
    for (const Block& block : blocks_of(content_of(root_of_sources() / page))) {
      if (block.language != "sh") continue;
      for (std::size_t i = 0; i < block.lines.size(); ++i)
        if (const std::string text = std::regex_replace(block.lines[i], comment, ""); !text.empty())
          found.push_back({page + ":" + std::to_string(block.line + i), text});
    }
  return found;
}

// First groups of all matches.
std::set<std::string> all_of(const std::string& text, const std::regex& what) {
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), what), end; it != end; ++it)
    found.insert((*it)[1]);
  return found;
}

// What the build files make: programs and tests.
std::set<std::string> targets() {
  static const std::regex made(R"((?:\bNAME|add_executable\()\s*([\w-]+))");
  std::set<std::string> found;
  for (const fs::directory_entry& top : fs::directory_iterator(root_of_sources())) {
    if (!top.is_directory() || !fs::exists(top.path() / "CMakeLists.txt")) continue;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(top))
      if (entry.path().filename() == "CMakeLists.txt")
        found.merge(all_of(content_of(entry.path()), made));
  }
  return found;
}

TEST(DocumentsShell, BlocksAreShell) {
  const Workplace workplace;
  for (const std::string& page : documents())
    for (const Block& block : blocks_of(content_of(root_of_sources() / page))) {
      if (block.language != "sh") continue;
      workplace.write("block.sh", block.text());
      EXPECT_EQ(workplace.run("sh -n block.sh").status, 0) << page << ":" << block.line;
    }
}

TEST(DocumentsShell, LinesOfTheToolRun) {
  const Workplace workplace;
  std::size_t run = 0;
  for (const ShellLine& line : shell_lines()) {
    if (!calls_the_tool(line.text)) continue;
    ++run;
    const CommandEnd end = workplace.run(line.text);
    EXPECT_EQ(end.status, 0) << line.place << ": " << line.text << "\n"
                             << testing::PrintToString(end.seen);
  }
  EXPECT_GT(run, 3u);
}

TEST(DocumentsShell, FilesAndProgramsThatAreNamedExist) {
  static const std::regex file(R"((?:^|\s)((?:configs|topologies|docs|tests)/[\w./-]+))");
  static const std::regex program(R"(\bbuild/\w+/(?:tests/)?bin/([\w-]+))");
  static const std::regex preset(R"(--preset (\w+))");
  const std::set<std::string> made = targets();
  const std::string presets = content_of(root_of_sources() / "CMakePresets.json");
  for (const ShellLine& line : shell_lines()) {
    SCOPED_TRACE(line.place + ": " + line.text);
    for (const std::string& name : all_of(line.text, file))
      EXPECT_TRUE(fs::exists(root_of_sources() / name)) << name;
    for (const std::string& name : all_of(line.text, program))
      EXPECT_TRUE(made.contains(name)) << name << " is no target of the build";
    for (const std::string& name : all_of(line.text, preset))
      EXPECT_NE(presets.find("\"name\": \"" + name + "\""), std::string::npos) << name;
  }
}

TEST(DocumentsShell, CommandsOfDevExist) {
  static const std::regex command(R"(\./dev ([a-z]+))");
  std::string help;
  for (const std::string& line :
       run_at_terminal("./dev help", root_of_sources().string(), "/usr/bin").seen)
    help += line + "\n";
  const std::set<std::string> known = all_of(help, command);
  EXPECT_TRUE(known.contains("test"));
  for (const std::string& page : documents())
    for (const std::string& name : all_of(content_of(root_of_sources() / page), command))
      EXPECT_TRUE(known.contains(name) || name == "help") << page << " names ./dev " << name;
}

TEST(DocumentsShell, CommandsOfTheToolExist) {
  static const std::regex command(R"((?:`|^\$ |\./dev )soliton ([a-z]+))");
  const Workplace workplace;
  for (const std::string& page : documents())
    for (const std::string& name : all_of(content_of(root_of_sources() / page), command))
      EXPECT_EQ(workplace.run("soliton " + name + " --help").status, 0)
          << page << " names soliton " << name;
}

// A command that is shown in plain preformatted text would never be tried.
TEST(DocumentsShell, CommandsStandInBlocksThatAreTried) {
  static const std::regex command(R"(^ *(\$ |soliton |\./dev ))");
  for (const std::string& page : documents()) {
    const std::string text = content_of(root_of_sources() / page);
    for (const Block& block : blocks_of(text)) {
      if (block.language == "console" || block.language == "sh") continue;
      for (const std::string& line : block.lines)
        EXPECT_FALSE(std::regex_search(line, command)) << page << ": " << line;
    }
    for (const std::string& line : lines_of(text))
      EXPECT_FALSE(line.starts_with("    ") && std::regex_search(line, command))
          << page << ": " << line;
  }
}

}  // namespace
}  // namespace soliton
