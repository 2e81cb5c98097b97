// Examples in documents. A block fenced as ```console holds commands, the lines that start with
// "$ ", and below each of them all that a terminal shows of it:
//
//   ```console
//   $ soliton plan configs/quickstart.yaml        # exit 0
//   plan      ...
//   …
//   ```
//
// A comment "# exit N" after the command gives the expected exit status (default 0). A shown line
// "…" stands for one or more lines that the document leaves out.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace soliton {

inline constexpr const char* kLeftOut = "…";

std::vector<std::string> lines_of(const std::string& text);

// The lines between two fences.
struct Block {
  std::size_t line = 0;  // of the first line inside, in the document, from 1
  std::string language;  // the first word after the opening fence; may be empty
  std::string note;      // the rest of it
  std::vector<std::string> lines;
  std::string text() const;
};
std::vector<Block> blocks_of(const std::string& document);

struct ConsoleExample {
  std::size_t line = 0;  // of the command, in the document, from 1
  std::string command;   // without "$ " and "# exit N"
  int exit_status = 0;
  std::vector<std::string> output;  // as shown: the lines after `line`
};

// Lines of a block before its first command are reported as an empty command at the line of the
// fence.
std::vector<ConsoleExample> console_examples(const std::string& document);

// Whether a command of a document may be run by a test: `soliton …`, `./dev soliton …` and
// `./dev run …` may.
bool calls_the_tool(const std::string& command);

}  // namespace soliton
