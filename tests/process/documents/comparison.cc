// The cheapest alignment of two sequences of lines (Wagner and Fischer 1974), with a symbol that
// stands for one or more lines.
#include "tests/process/documents/comparison.h"

#include <limits>
#include <regex>

#include "tests/process/documents/console.h"

namespace soliton {
namespace {

// A line that is shown stays where it stands as long as anything printed can be meant by it: giving
// it up costs more than all lines that may have been added, so that a kLeftOut beside it never
// swallows what it should show.
constexpr std::size_t kAdded = 1, kChanged = 2, kNothingLeftOut = 10, kMissing = 1000,
                      kReplaced = kMissing + kAdded;

struct Replacement {
  std::regex what;
  const char* by;
};

std::string replaced(std::string text, const std::vector<Replacement>& all) {
  for (const Replacement& each : all) text = std::regex_replace(text, each.what, each.by);
  return text;
}

// The label of a line of a summary or the first word of a row.
std::string label(const std::string& line) {
  const std::size_t begin = line.find_first_not_of(' ');
  return begin == std::string::npos ? "" : line.substr(0, line.find(' ', begin));
}

class Alignment {
 public:
  Alignment(const std::vector<std::string>& shown, const std::vector<std::string>& printed,
            bool wall)
      : shown_(shown), printed_(printed), table_((shown.size() + 1) * (printed.size() + 1)) {
    for (const std::string& line : shown) shown_keys_.push_back(comparable(line, wall));
    for (const std::string& line : printed) printed_keys_.push_back(comparable(line, wall));
    at(0, 0).cost = 0;
    for (std::size_t i = 0; i <= shown.size(); ++i)
      for (std::size_t j = 0; j <= printed.size(); ++j) fill(i, j);
  }

  Comparison comparison() const {
    std::vector<std::pair<std::size_t, std::size_t>> corners = {{shown_.size(), printed_.size()}};
    while (corners.back() != std::pair<std::size_t, std::size_t>{0, 0}) {
      const Cell& cell = at(corners.back().first, corners.back().second);
      corners.emplace_back(cell.from_shown, cell.from_printed);
    }
    Comparison result;
    for (std::size_t k = corners.size() - 1; k > 0; --k)
      step(corners[k].first, corners[k].second, corners[k - 1].first, corners[k - 1].second,
           result);
    return result;
  }

 private:
  struct Cell {
    std::size_t cost = std::numeric_limits<std::size_t>::max() / 2;
    std::size_t from_shown = 0, from_printed = 0;
  };
  Cell& at(std::size_t i, std::size_t j) { return table_[i * (printed_.size() + 1) + j]; }
  const Cell& at(std::size_t i, std::size_t j) const {
    return table_[i * (printed_.size() + 1) + j];
  }
  bool left_out(std::size_t i) const { return shown_[i] == kLeftOut; }

  void offer(std::size_t i, std::size_t j, std::size_t from_i, std::size_t from_j,
             std::size_t cost) {
    const std::size_t total = at(from_i, from_j).cost + cost;
    if (total < at(i, j).cost) at(i, j) = {total, from_i, from_j};
  }

  // The best way to shown line i and printed line j, both exclusive.
  void fill(std::size_t i, std::size_t j) {
    if (i > 0 && left_out(i - 1)) {
      for (std::size_t from = 0; from < j; ++from) offer(i, j, i - 1, from, 0);
    } else if (i > 0 && j > 0) {
      const bool same = shown_keys_[i - 1] == printed_keys_[j - 1];
      const bool alike = label(shown_keys_[i - 1]) == label(printed_keys_[j - 1]);
      offer(i, j, i - 1, j - 1, same ? 0 : alike ? kChanged : kReplaced);
    }
    if (i > 0) offer(i, j, i - 1, j, left_out(i - 1) ? kNothingLeftOut : kMissing);
    if (j > 0) offer(i, j, i, j - 1, kAdded);
  }

  void step(std::size_t i, std::size_t j, std::size_t to_i, std::size_t to_j,
            Comparison& result) const {
    const bool goes = to_i > i, comes = to_j > j;
    const bool right = goes && comes && (left_out(i) || shown_keys_[i] == printed_keys_[j]);
    if (right) {
      result.repaired.push_back(shown_[i]);
      return;
    }
    if (goes)
      result.differences.push_back("- " + shown_[i] +
                                   (left_out(i) ? "   (leaves out nothing)" : ""));
    if (comes) {
      result.differences.push_back("+ " + printed_[j]);
      result.repaired.push_back(printed_[j]);
    }
  }

  const std::vector<std::string>& shown_;
  const std::vector<std::string>& printed_;
  std::vector<std::string> shown_keys_, printed_keys_;
  std::vector<Cell> table_;
};

}  // namespace

bool in_wall_time(const std::string& command) {
  return std::regex_search(command, std::regex(R"(--time[ =]wall|time=wall)"));
}

std::string comparable(const std::string& line, bool wall) {
  static const std::vector<Replacement> always = {
      {std::regex(R"((\bruns/[-.\w]*)-\d{8}-\d{6}(-\d+)?/)"), "$1-STAMP/"},
      {std::regex(R"(\bemulated in [\d.,]+ s)"), "emulated in # s"}};
  static const std::vector<Replacement> measured = {
      // The unit is that of the largest latency, so predictions have fewer digits on a busy
      // machine.
      {std::regex(R"(\b(min|mean|max|p\d+(?:\.\d+)?|predicted|bound) +[\d,.]+( [nmu]?s\b)?)"),
       "$1 #"},
      {std::regex(R"([\d,.]+ [nmu]?s in real time)"), "# in real time"},
      {std::regex(R"(\b(compute|network|queue|host) [\d,.]+ [nmu]?s [\d.]+ %)"), "$1 #"},
      {std::regex(R"([\d,.]+ (requests/s|TFLOPS of|packets|retransmitted|timeouts?\b))"), "# $1"},
      {std::regex(R"([\d.]+ % used: devices busy [\d.]+ %)"), "# used: devices busy #"},
      {std::regex(" +"), " "}};
  std::string text = replaced(line, always);
  if (wall) text = replaced(text, measured);
  text.erase(text.find_last_not_of(" \t\r") + 1);
  return text;
}

Comparison compare(const std::vector<std::string>& shown, const std::vector<std::string>& printed,
                   bool wall) {
  return Alignment(shown, printed, wall).comparison();
}

}  // namespace soliton
