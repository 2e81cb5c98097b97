#include "tests/process/documents/console.h"

#include <regex>
#include <sstream>

namespace soliton {
namespace {

constexpr const char* kFence = "```";

Block opened(const std::string& fence, std::size_t line) {
  std::istringstream words(fence.substr(std::string(kFence).size()));
  Block block{line, "", "", {}};
  words >> block.language >> std::ws;
  std::getline(words, block.note);
  return block;
}

ConsoleExample example_of(std::string command, std::size_t line) {
  static const std::regex exit_comment(R"(\s+# exit (\d+)\s*$)");
  ConsoleExample example{line, "", 0, {}};
  if (std::smatch match; std::regex_search(command, match, exit_comment)) {
    example.exit_status = std::stoi(match[1]);
    command = match.prefix();
  }
  example.command = std::move(command);
  return example;
}

}  // namespace

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string Block::text() const {
  std::string text;
  for (const std::string& each : lines) text += each + "\n";
  return text;
}

std::vector<Block> blocks_of(const std::string& document) {
  std::vector<Block> blocks;
  bool inside = false;
  std::size_t number = 0;
  for (const std::string& line : lines_of(document)) {
    ++number;
    if (line.starts_with(kFence)) {
      inside = !inside;
      if (inside) blocks.push_back(opened(line, number + 1));
    } else if (inside) {
      blocks.back().lines.push_back(line);
    }
  }
  return blocks;
}

std::vector<ConsoleExample> console_examples(const std::string& document) {
  std::vector<ConsoleExample> examples;
  for (const Block& block : blocks_of(document)) {
    if (block.language != "console") continue;
    bool command_seen = false;
    for (std::size_t i = 0; i < block.lines.size(); ++i) {
      const std::string& line = block.lines[i];
      if (line.starts_with("$ ")) {
        examples.push_back(example_of(line.substr(2), block.line + i));
      } else {
        if (!command_seen) examples.push_back({block.line - 1, "", 0, {}});
        examples.back().output.push_back(line);
      }
      command_seen = true;
    }
  }
  return examples;
}

bool calls_the_tool(const std::string& command) {
  static const std::regex tool(R"(^(\./dev soliton|\./dev run|soliton)(\s|$))");
  return std::regex_search(command, tool);
}

}  // namespace soliton
