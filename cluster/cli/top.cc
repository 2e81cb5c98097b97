#include "cluster/cli/top.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "cluster/report/words.h"
#include "protocol/base/text.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "progress.jsonl";
// A run writes a line a second; a busy machine may keep it from that for a while.
constexpr double kSilence = 10;
// The end of a file that holds at least one whole line.
constexpr std::streamoff kTail = 4096;

double number(const Json& line, const char* key) {
  const auto at = line.find(key);
  return at != line.end() && at->is_number() ? at->get<double>() : 0;
}

std::uint64_t count(const Json& line, const char* key) {
  return static_cast<std::uint64_t>(std::max(0.0, number(line, key)));
}

std::optional<RunGlance> read_line(const std::string& text) {
  const Json line = Json::parse(text, nullptr, false);
  if (!line.is_object() || !line.contains("state") || !line["state"].is_string())
    return std::nullopt;
  RunGlance out;
  out.state = line["state"].get<std::string>();
  out.emulated_us = number(line, "emulated_us");
  out.completed = count(line, "completed");
  out.asked = count(line, "asked");
  out.nodes_lost = count(line, "nodes_lost");
  out.completed_per_second = number(line, "completed_per_second");
  out.emulated_us_per_second = number(line, "emulated_us_per_second");
  if (line.contains("left") && line["left"].is_number()) out.left_seconds = number(line, "left");
  return out;
}

double seconds_since_change(const std::string& path) {
  struct stat found {};
  timespec now{};
  if (stat(path.c_str(), &found) != 0) return 0;
  clock_gettime(CLOCK_REALTIME, &now);
  return std::max(0.0, static_cast<double>(now.tv_sec - found.st_mtim.tv_sec) +
                           static_cast<double>(now.tv_nsec - found.st_mtim.tv_nsec) / 1e9);
}

std::string share(const RunGlance& run) {
  return run.asked == 0 ? "" : fmt::format("{} %", 100 * run.completed / run.asked);
}

std::string state_words(const RunGlance& run) {
  return run.is_silent() ? fmt::format("silent {:.0f} s", run.silent_seconds) : escaped(run.state);
}

std::string left_words(const RunGlance& run) {
  if (!run.goes_on() || run.is_silent() || !run.left_seconds) return "";
  return *run.left_seconds < 120 ? fmt::format("{:.0f} s", *run.left_seconds)
                                 : fmt::format("{:.0f} min", *run.left_seconds / 60);
}

// How fast the run's own time passes, as a share of that of the wall.
std::string pace(const RunGlance& run) {
  const double share = run.emulated_us_per_second / 1e6;
  return share > 0 ? significant(share, 2) : "";
}

}  // namespace

bool RunGlance::is_silent() const { return goes_on() && silent_seconds > kSilence; }

std::optional<RunGlance> last_glance(const std::string& text) {
  std::size_t end = text.rfind('\n');
  while (end != std::string::npos) {
    const std::size_t before = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
    const std::size_t begin = before == std::string::npos ? 0 : before + 1;
    if (std::optional<RunGlance> read = read_line(text.substr(begin, end - begin))) return read;
    end = before;
  }
  return std::nullopt;
}

Result<RunGlance> glance_at(const std::string& folder) {
  const std::string path = folder + "/" + kFile;
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return invalid(fmt::format("{} has no {}: it is no run's folder", folder, kFile));
  const std::streamoff size = file.tellg();
  file.seekg(std::max<std::streamoff>(0, size - kTail));
  const std::string tail{std::istreambuf_iterator<char>(file), {}};
  std::optional<RunGlance> out = last_glance(tail);
  if (!out) return invalid(fmt::format("{} has no whole line", path));
  out->folder = folder;
  out->silent_seconds = seconds_since_change(path);
  return *out;
}

std::vector<std::string> running_folders(const std::string& base) {
  std::vector<std::string> out;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(base, error)) {
    const Result<RunGlance> run = glance_at(entry.path().string());
    if (run && run->goes_on() && !run->is_silent()) out.push_back(entry.path().string());
  }
  std::ranges::sort(out);
  return out;
}

std::string glances_text(const std::vector<RunGlance>& runs) {
  std::size_t width = 3;
  for (const RunGlance& run : runs) width = std::max(width, character_count(escaped(run.folder)));
  std::string out =
      fmt::format("{:<{}}  {:<11} {:>5} {:>17} {:>11} {:>10} {:>9} {:>7} {:>5}\n", "run", width,
                  "state", "done", "requests", "emulated", "requests/s", "pace", "left", "lost");
  for (const RunGlance& run : runs) {
    const std::string folder = escaped(run.folder);
    const std::string of =
        fmt::format("{}/{}", group_thousands(static_cast<std::int64_t>(run.completed)),
                    group_thousands(static_cast<std::int64_t>(run.asked)));
    out += fmt::format("{}{:{}}  {:<11} {:>5} {:>17} {:>11} {:>10} {:>9} {:>7} {:>5}\n", folder, "",
                       width - character_count(folder), state_words(run), share(run), of,
                       significant(run.emulated_us / 1000, 4) + " ms",
                       significant(run.completed_per_second, 4), pace(run), left_words(run),
                       run.nodes_lost);
  }
  return out;
}

std::string glances_json(const std::vector<RunGlance>& runs) {
  Json out = Json::array();
  for (const RunGlance& run : runs)
    out.push_back({{"folder", run.folder},
                   {"state", run.state},
                   {"silent_seconds", run.silent_seconds},
                   {"completed", run.completed},
                   {"asked", run.asked},
                   {"emulated_us", run.emulated_us},
                   {"completed_per_second", run.completed_per_second},
                   {"emulated_us_per_second", run.emulated_us_per_second},
                   {"left", json_or_null(run.left_seconds)},
                   {"nodes_lost", run.nodes_lost}});
  return json_text(out, JsonLayout::kIndented) + "\n";
}

}  // namespace soliton
