// Examples in documents: blocks fenced as ```console, in which lines that start with "$ " are
// commands and the others are the output they show.
//
//   ```console
//   $ soliton plan configs/quickstart.yaml        # exit 0
//   plan      ...
//   …
//   ```
//
// A comment "# exit N" behind the command says which exit status is right (otherwise 0). A shown
// line "…" stands for any number of lines; a shown line that ends in " …" is the beginning of a
// line.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace soliton {

struct ConsoleExample {
  std::size_t line = 0;  // in the document, from 1
  std::string command;   // without "$ " and "# exit N"
  int exit_status = 0;
  std::vector<std::string> output;  // as shown
};

// Lines of a block before its first command are reported as a command that is empty.
std::vector<ConsoleExample> console_examples(const std::string& document);

// What a command of a document is here: `soliton`, `./dev soliton` and `./dev run` become
// `program`, folders below runs/ move below `scratch`, and run and sweep write into
// `scratch`/`unnamed` when the document leaves --out away. Nothing when the command is none of the
// tool's.
std::optional<std::string> runnable(const std::string& command, const std::string& program,
                                    const std::string& scratch, const std::string& unnamed);

// Whether the command measures this machine, so that no number of its output is the same twice.
bool in_wall_time(const std::string& command);

// A line as it is compared: without trailing blanks, name of the run folder and what the emulator
// itself took; in wall time without any number and its unit of time, and without the width numbers
// give to columns.
std::string comparable(const std::string& line, bool wall);

// Shown lines that are in neither output. Each output is gone through once, in order.
std::vector<std::string> missing_lines(const std::vector<std::string>& shown,
                                       const std::string& out, const std::string& err, bool wall);

}  // namespace soliton
