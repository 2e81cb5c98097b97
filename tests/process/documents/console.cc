#include "tests/process/documents/console.h"

#include <regex>
#include <sstream>

namespace soliton {
namespace {

constexpr const char* kAnyLines = "…";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
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

// A shown line and where it may be found.
class Output {
 public:
  Output(const std::string& text, bool wall) {
    for (const std::string& line : lines_of(text)) lines_.push_back(comparable(line, wall));
  }
  bool find(const std::string& shown, bool beginning) {
    for (std::size_t i = next_; i < lines_.size(); ++i) {
      if (beginning ? !lines_[i].starts_with(shown) : lines_[i] != shown) continue;
      next_ = i + 1;
      return true;
    }
    return false;
  }

 private:
  std::vector<std::string> lines_;
  std::size_t next_ = 0;
};

}  // namespace

std::vector<ConsoleExample> console_examples(const std::string& document) {
  std::vector<ConsoleExample> examples;
  bool inside = false;
  std::size_t number = 0;
  for (const std::string& line : lines_of(document)) {
    ++number;
    if (line.starts_with("```")) {
      inside = !inside && line == "```console";
      if (inside) examples.push_back({number, "", 0, {}});
    } else if (inside && line.starts_with("$ ")) {
      if (examples.back().command.empty() && examples.back().output.empty()) examples.pop_back();
      examples.push_back(example_of(line.substr(2), number));
    } else if (inside && !line.empty()) {
      examples.back().output.push_back(line);
    }
  }
  return examples;
}

std::optional<std::string> runnable(const std::string& command, const std::string& program,
                                    const std::string& scratch, const std::string& unnamed) {
  static const std::regex tool(R"(^(\./dev soliton|\./dev run|soliton)\b)");
  static const std::regex writes(R"(^(\./dev run|(\./dev )?soliton (run|sweep))\b)");
  static const std::regex run_folder(R"((^|\s)runs/)");
  std::smatch match;
  if (!std::regex_search(command, match, tool)) return std::nullopt;
  std::string rest =
      std::regex_replace(std::string(match.suffix()), run_folder, "$1" + scratch + "/");
  if (std::regex_search(command, writes) &&
      !std::regex_search(rest, std::regex(R"(--(out|help)\b)")))
    rest += " --out " + scratch + "/" + unnamed;
  return "'" + program + "'" + (match[1] == "./dev run" ? " run" : "") + rest;
}

bool in_wall_time(const std::string& command) {
  return std::regex_search(command, std::regex(R"(--time[ =]wall|time=wall|\bsoliton bench\b)"));
}

std::string comparable(const std::string& line, bool wall) {
  static const std::regex folder(R"((\S*/)?(runs|scratch)[-.\w]*/\S*)");
  static const std::regex own_time(R"((emulated|replayed|finished|ready) in [\d.]+ [mun]?s)");
  static const std::regex number(
      R"((^|[^\w.])-?\d[\d,.]*( (ps|ns|us|ms|s)\b)?)");  // not the 0 of fpga0
  static const std::regex blanks(R"([ █░▏▎▍▌▋▊▉]+)");
  std::string text = std::regex_replace(line, folder, "RUN");
  text = std::regex_replace(text, own_time, "$1 in TIME");
  if (wall) text = std::regex_replace(std::regex_replace(text, number, "$1#"), blanks, " ");
  text.erase(text.find_last_not_of(" \t\r") + 1);
  return text;
}

std::vector<std::string> missing_lines(const std::vector<std::string>& shown,
                                       const std::string& out, const std::string& err, bool wall) {
  Output outputs[] = {{out, wall}, {err, wall}};
  std::vector<std::string> missing;
  const std::string cut = std::string(" ") + kAnyLines;
  for (const std::string& line : shown) {
    if (line == kAnyLines) continue;
    const bool beginning = line.ends_with(cut);
    const std::string wanted =
        comparable(beginning ? line.substr(0, line.size() - cut.size()) : line, wall);
    if (!outputs[0].find(wanted, beginning) && !outputs[1].find(wanted, beginning))
      missing.push_back(line);
  }
  return missing;
}

}  // namespace soliton
