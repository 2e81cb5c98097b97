// Compares what a document shows of a command with what the command prints, exactly and both ways.
#pragma once

#include <string>
#include <vector>

namespace soliton {

// A line as it is compared: without trailing blanks, the stamp of a run folder and what the
// emulator itself took. In wall time also without what was measured in it, and without the width
// that such numbers give to columns; all other numbers count.
std::string comparable(const std::string& line, bool wall);

// Whether the command measures this machine.
bool in_wall_time(const std::string& command);

struct Comparison {
  // Readable lines: "- " is shown and not printed, "+ " printed and not shown. Empty if they agree.
  std::vector<std::string> differences;
  // What the document should show. Correct lines and deliberate omissions are unchanged.
  std::vector<std::string> repaired;
};

// Every shown line must be printed, in this order, and every printed line must be shown or covered
// by a kLeftOut. A kLeftOut that covers no line is also a difference.
Comparison compare(const std::vector<std::string>& shown, const std::vector<std::string>& printed,
                   bool wall);

}  // namespace soliton
