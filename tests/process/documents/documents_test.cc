// Runs every example of the documents and compares what a terminal shows of it with what the
// document shows. With SOLITON_REPAIR_DOCUMENTS set, as `./dev docs --repair` does, the document is
// written anew with what was printed.
#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>

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

// What a link to a heading is called: small letters, blanks as hyphens, no punctuation.
std::string anchor_of(const std::string& heading) {
  std::string anchor;
  for (const char c : heading) {
    const auto u = static_cast<unsigned char>(c);
    if (c == ' ')
      anchor += '-';
    else if (std::isalnum(u) || c == '-' || c == '_' || u >= 0x80)
      anchor += static_cast<char>(std::tolower(u));
  }
  return anchor;
}

std::set<std::string> anchors_of(const std::string& document) {
  static const std::regex heading("^#+ +(.*)$");
  std::set<std::string> anchors;
  std::smatch match;
  for (const std::string& line : lines_of(document))
    if (std::regex_match(line, match, heading)) anchors.insert(anchor_of(match[1]));
  return anchors;
}

// Relative links, in all pages, and the headings they name.
TEST(DocumentsAsAWhole, LinksLeadToFilesAndHeadings) {
  static const std::regex link(R"(\]\(([^)#\s]*)(#([^)]*))?\))");
  std::size_t seen = 0;
  for (const std::string& page : documents()) {
    const std::filesystem::path path = root_of_sources() / page;
    const std::string text = content_of(path);
    for (std::sregex_iterator it(text.begin(), text.end(), link), end; it != end; ++it) {
      const std::string target = (*it)[1], anchor = (*it)[3];
      if (target.find("://") != std::string::npos || target.starts_with("mailto:")) continue;
      ++seen;
      const std::filesystem::path file = target.empty() ? path : path.parent_path() / target;
      EXPECT_TRUE(std::filesystem::exists(file)) << page << " links to " << target;
      EXPECT_TRUE(anchor.empty() || anchors_of(content_of(file)).contains(anchor))
          << page << " links to " << target << "#" << anchor;
    }
  }
  EXPECT_GT(seen, 20u);
}

}  // namespace
}  // namespace soliton
