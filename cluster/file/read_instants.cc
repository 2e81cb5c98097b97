// The instants of `arrival: trace`.
#include "cluster/file/parts.h"
#include "cluster/yaml/files.h"
#include "node/traffic/text_rows.h"

namespace soliton {
namespace {

constexpr std::size_t kBytesMost = std::size_t{1} << 30;
constexpr std::size_t kErrorsMost = 20;

}  // namespace

Checked<std::vector<Duration>> read_instants(const std::string& path, FilesRead& files) {
  files.note(path);
  const Result<std::string> text = read_text_file(path, kBytesMost);
  Diagnostics problems;
  if (!text) {
    problems.add(text.error().code, text.error().message);
    return tl::unexpected<Diagnostics>(std::move(problems));
  }
  std::vector<Duration> out;
  const std::vector<TextRow> rows = text_rows(*text);
  const auto problem = [&](const TextRow& row, const std::string& what) {
    problems.add(ErrorCode::kInvalid, fmt::format("{}:{}: {}", path, row.line, what));
  };
  for (const TextRow& row : rows) {
    if (problems.errors.size() >= kErrorsMost) break;
    std::string words = fmt::format("{}", fmt::join(row.words, " "));
    if (&row == &rows.front()) {
      if (words != "at") problem(row, fmt::format("names the columns {}; due is at", words));
      continue;
    }
    const Result<Duration> at = parse_duration(words);
    if (!at)
      problem(row, "at: " + at.error().message);
    else if (*at < Duration{0} || *at > kLongestTime)
      problem(row, fmt::format("at: {} is not between 0 s and 50 d", words));
    else if (!out.empty() && *at < out.back())
      problem(row, fmt::format("at: {} is before {} of the line above", words, spell(out.back())));
    else
      out.push_back(*at);
  }
  if (problems.empty() && out.empty())
    problems.add(ErrorCode::kInvalid,
                 fmt::format("{}:1: has no instants; due are a line \"at\" and then one for each "
                             "request, such as 3 us",
                             path));
  if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
  return out;
}

}  // namespace soliton
