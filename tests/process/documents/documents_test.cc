// Runs every example of README.md and docs/ and compares what it prints with what the document
// shows.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "tests/process/documents/console.h"
#include "tests/process/documents/run_command.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = SOLITON_SOURCE_DIR;

std::string content_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Paths from the root: the pages at the top, and all of docs/.
std::vector<std::string> documents() {
  std::vector<std::string> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(kRoot))
    if (entry.path().extension() == ".md") found.push_back(entry.path().filename().string());
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kRoot / "docs"))
    if (entry.path().extension() == ".md")
      found.push_back(fs::relative(entry.path(), kRoot).string());
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> documents_with_examples() {
  std::vector<std::string> found;
  for (const std::string& path : documents())
    if (!console_examples(content_of(kRoot / path)).empty()) found.push_back(path);
  return found;
}

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (fs::temp_directory_path() / "scratch-").string() + std::string(6, 'X');
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "  " + line + "\n";
  return text;
}

class Documents : public testing::TestWithParam<std::string> {};

TEST_P(Documents, ExamplesDoWhatIsShown) {
  const ScratchFolder scratch;
  ASSERT_FALSE(scratch.path().empty());
  for (const ConsoleExample& example : console_examples(content_of(kRoot / GetParam()))) {
    SCOPED_TRACE(GetParam() + ":" + std::to_string(example.line) + ": $ " + example.command);
    // Folders of the examples of one document live side by side: a later one may read what an
    // earlier one wrote.
    const std::optional<std::string> command =
        runnable(example.command, SOLITON_PROGRAM, scratch.path() + "/runs",
                 "line-" + std::to_string(example.line));
    ASSERT_TRUE(command)
        << "is no command of soliton; other shell lines belong in a block marked sh";
    const CommandEnd end = run_command(*command, kRoot.string(), scratch.path());
    EXPECT_EQ(end.status, example.exit_status) << end.out << end.err;
    const std::vector<std::string> missing =
        missing_lines(example.output, end.out, end.err, in_wall_time(example.command));
    EXPECT_TRUE(missing.empty()) << "not printed:\n"
                                 << joined(missing) << "printed:\n"
                                 << end.out << end.err;
  }
}

INSTANTIATE_TEST_SUITE_P(Pages, Documents, testing::ValuesIn(documents_with_examples()),
                         [](const auto& page) {
                           return std::regex_replace(page.param, std::regex("[^A-Za-z0-9]"), "_");
                         });

TEST(DocumentsAsAWhole, ReadmeShowsTheCommandsOfTheTool) {
  const std::string readme = content_of(kRoot / "README.md");
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
    const std::string text = content_of(kRoot / path);
    for (std::sregex_iterator it(text.begin(), text.end(), link), end; it != end; ++it) {
      const std::string target = (*it)[1];
      if (target.find("://") != std::string::npos) continue;
      ++seen;
      EXPECT_TRUE(fs::exists((kRoot / path).parent_path() / target))
          << path << " links to " << target;
    }
  }
  EXPECT_GT(seen, 20u);
}

}  // namespace
}  // namespace soliton
