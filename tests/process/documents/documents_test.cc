// Runs every example of the documents and compares what a terminal shows of it with what the
// document shows. With SOLITON_REPAIR_DOCUMENTS set, as `./dev docs --repair` does, the document is
// written anew with what was printed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <regex>

#include "tests/process/documents/comparison.h"
#include "tests/process/documents/console.h"
#include "tests/process/documents/pages.h"

namespace soliton {
namespace {

std::vector<std::string> documents_with_examples() {
  std::vector<std::string> found;
  for (const std::string& path : documents())
    if (!console_examples(content_of(root_of_sources() / path)).empty()) found.push_back(path);
  return found;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

class Documents : public testing::TestWithParam<std::string> {
 protected:
  // What of the example is wrong is a failure; the answer is what it should show.
  std::vector<std::string> checked(const ConsoleExample& example) const {
    SCOPED_TRACE(GetParam() + ":" + std::to_string(example.line) + ": $ " + example.command);
    if (!calls_the_tool(example.command)) {
      ADD_FAILURE() << "is no command of soliton; other shell lines belong in a block marked sh";
      return example.output;
    }
    // The examples of one document share a folder: a later one may read what an earlier one wrote.
    const CommandEnd end = workplace_.run(example.command);
    EXPECT_EQ(end.status, example.exit_status) << joined(end.seen);
    const Comparison comparison = compare(example.output, end.seen, in_wall_time(example.command));
    EXPECT_TRUE(comparison.differences.empty())
        << "- is shown and not printed, + is printed and not shown:\n"
        << joined(comparison.differences) << "The example would be right as\n$ " << example.command
        << (example.exit_status ? "   # exit " + std::to_string(example.exit_status) : "") << "\n"
        << joined(comparison.repaired) << "(./dev docs --repair writes that into the document)";
    return comparison.repaired;
  }

  const Workplace workplace_;
};

TEST_P(Documents, ExamplesDoWhatIsShown) {
  ASSERT_TRUE(workplace_.good());
  const std::filesystem::path path = root_of_sources() / GetParam();
  const std::string text = content_of(path);
  const std::vector<std::string> lines = lines_of(text);
  std::string repaired;
  std::size_t next = 0;  // line of the document
  for (const ConsoleExample& example : console_examples(text)) {
    for (; next < example.line; ++next) repaired += lines[next] + "\n";
    repaired += joined(checked(example));
    next += example.output.size();
  }
  for (; next < lines.size(); ++next) repaired += lines[next] + "\n";
  if (std::getenv("SOLITON_REPAIR_DOCUMENTS") && repaired != text) std::ofstream(path) << repaired;
}

INSTANTIATE_TEST_SUITE_P(Pages, Documents, testing::ValuesIn(documents_with_examples()),
                         [](const auto& page) {
                           return std::regex_replace(page.param, std::regex("[^A-Za-z0-9]"), "_");
                         });

TEST(DocumentsAsAWhole, ReadmeShowsTheCommandsOfTheTool) {
  const std::string readme = content_of(root_of_sources() / "README.md");
  std::string commands;
  for (const ConsoleExample& example : console_examples(readme)) commands += example.command + "\n";
  for (const char* command : {"run", "plan", "check", "list", "sweep"})
    EXPECT_TRUE(std::regex_search(
        commands, std::regex(std::string("(^|\n)(\\./dev |soliton )+") + command + "\\b")))
        << "README.md has no example of " << command;
}

// Relative links, in all pages; headings are not looked for.
TEST(DocumentsAsAWhole, LinksLeadToFiles) {
  const std::regex link(R"(\]\(([^)#\s]+)(#[^)]*)?\))");
  std::size_t seen = 0;
  for (const std::string& path : documents()) {
    const std::string text = content_of(root_of_sources() / path);
    for (std::sregex_iterator it(text.begin(), text.end(), link), end; it != end; ++it) {
      const std::string target = (*it)[1];
      if (target.find("://") != std::string::npos) continue;
      ++seen;
      EXPECT_TRUE(std::filesystem::exists((root_of_sources() / path).parent_path() / target))
          << path << " links to " << target;
    }
  }
  EXPECT_GT(seen, 20u);
}

}  // namespace
}  // namespace soliton
