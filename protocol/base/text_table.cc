#include "protocol/base/text_table.h"

#include <algorithm>

#include "protocol/base/check.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

constexpr std::size_t kBetweenColumns = 2;

std::vector<std::size_t> column_widths(const std::vector<TextRow>& rows) {
  std::vector<std::size_t> out(rows.front().size());
  for (const TextRow& row : rows) {
    SOLITON_CHECK(row.size() <= out.size());
    for (std::size_t i = 0; i < row.size(); ++i) out[i] = std::max(out[i], character_count(row[i]));
  }
  return out;
}

}  // namespace

std::string text_table(const std::vector<TextRow>& rows) {
  if (rows.empty()) return "";
  const std::vector<std::size_t> widths = column_widths(rows);
  std::string out;
  for (const TextRow& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += row[i] + std::string(widths[i] + kBetweenColumns - character_count(row[i]), ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

}  // namespace soliton
