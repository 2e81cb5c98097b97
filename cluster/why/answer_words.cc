// The answer as a table and as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cluster/report/words.h"
#include "cluster/why/answer.h"
#include "protocol/base/text.h"
#include "protocol/json/fields_json.h"

namespace soliton {
namespace {

constexpr std::size_t kBusiest = 3, kPartsShown = 6;
constexpr double kFelt = 0.0005;  // less than a half of the last digit of a percentage

std::string parts_row(const std::string& name, Duration whole, const Breakdown& parts) {
  const auto us = [](Duration d) { return significant(in_us(d), 4); };
  return fmt::format("{:<34} {:>10} {:>10} {:>10} {:>10} {:>10}\n", name, us(whole),
                     us(parts.compute), us(parts.network), us(parts.queue), us(parts.host));
}

std::string busiest_text(const Answer& answer) {
  std::vector<std::string> parts;
  const auto add = [&](const auto& list) {
    for (std::size_t i = 0; i < std::min(kBusiest, list.size()); ++i)
      if (list[i].busy_fraction > 0)
        parts.push_back(escaped(list[i].name) + " " + percent(list[i].busy_fraction));
  };
  add(answer.nodes);
  add(answer.links);
  return parts.empty() ? "" : fmt::format("busiest: {}\n", join_and(parts));
}

std::string path_text(const CriticalPath& path) {
  std::string out =
      fmt::format("{:<34} {:>10} {:>10} {:>10}\n",
                  fmt::format("{}: request {}", path.which, path.request), "us", "share", "times");
  const auto row = [&](const std::string& what, Duration time, const std::string& count) {
    std::string line =
        fmt::format("  {:<32} {:>10} {:>10} {:>10}", what, significant(in_us(time), 4),
                    percent(in_us(time) / in_us(path.latency)), count);
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  };
  Duration rest = path.latency;
  for (std::size_t i = 0; i < std::min(kPartsShown, path.parts.size()); ++i) {
    const PathPart& part = path.parts[i];
    row(escaped(part.where) + " " + part.what, part.time, std::to_string(part.count));
    rest -= part.time;
  }
  if (path.parts.size() > kPartsShown)
    row(fmt::format("{} more places", path.parts.size() - kPartsShown), rest, "");
  return out;
}

std::string paths_text(const Answer& answer) {
  std::string out;
  for (const CriticalPath& path : answer.paths) {
    if (&path != &answer.paths.front() && path.request == answer.paths.front().request) {
      out += fmt::format("{}: the same\n", path.which);
      continue;
    }
    out += path_text(path);
  }
  return out;
}

std::string bound_text(const Answer& answer) {
  const std::optional<double> reached = answer.efficiency();
  if (!reached) return "";
  return fmt::format("bound: {}, which is {} of what it takes\n", spell_time(*answer.bound),
                     percent(*reached));
}

std::string gain_row(const Gain& gain) {
  if (!gain.refused.empty()) return fmt::format("{:<34} {}\n", gain.change, escaped(gain.refused));
  const std::string sign = std::abs(gain.gain) < kFelt ? "" : gain.gain < 0 ? "-" : "+";
  return fmt::format("{:<34} {:>10} {:>10} {:>12} {:>10}\n", gain.change,
                     significant(gain.mean_us, 4), significant(gain.p99_us, 4),
                     significant(gain.throughput, 4),
                     sign.empty() ? "none" : sign + percent(std::abs(gain.gain)));
}

Json parts_json(const Breakdown& parts) {
  return {{"compute", in_us(parts.compute)},
          {"network", in_us(parts.network)},
          {"queue", in_us(parts.queue)},
          {"host", in_us(parts.host)}};
}

Json gain_json(const Gain& gain) {
  const bool known = gain.refused.empty();
  return {{"change", gain.change},
          {"mean_us", json_or_null(gain.mean_us, known)},
          {"p99_us", json_or_null(gain.p99_us, known)},
          {"throughput_rps", json_or_null(gain.throughput, known)},
          {"gain", json_or_null(gain.gain, known)},
          {"refused", json_or_null(gain.refused, !known)}};
}

}  // namespace

std::string answer_text(const Answer& answer) {
  std::string out =
      fmt::format("{} · mean {} us · p99 {} us · {} requests/s\n", escaped(answer.name),
                  significant(answer.latency.mean, 4), significant(answer.latency.p99, 4),
                  significant(answer.throughput, 4));
  out += bound_text(answer) + busiest_text(answer);
  if (answer.mean.total().count() > 0) {
    out += fmt::format("\n{:<34} {:>10} {:>10} {:>10} {:>10} {:>10}\n", "where the time goes, us",
                       "whole", "compute", "network", "queue", "host");
    out += parts_row("mean", answer.mean.total(), answer.mean);
  }
  out += paths_text(answer);
  out += fmt::format("\n{:<34} {:>10} {:>10} {:>12} {:>10}\n", "with one thing changed", "mean us",
                     "p99 us", "requests/s", "gain");
  for (const Gain& gain : answer.gains) out += gain_row(gain);
  return out;
}

std::string answer_json(const Answer& answer) {
  Json paths = Json::array(), gains = Json::array();
  for (const CriticalPath& path : answer.paths)
    paths.push_back(fields_json(kCriticalPathFields, &path));
  for (const Gain& gain : answer.gains) gains.push_back(gain_json(gain));
  const Json out{{"file", answer.file},
                 {"name", answer.name},
                 {"mean_us", answer.latency.mean},
                 {"p99_us", answer.latency.p99},
                 {"throughput_rps", answer.throughput},
                 {"bound_us", answer.bound ? json_us(*answer.bound) : Json()},
                 {"efficiency", json_or_null(answer.efficiency())},
                 {"breakdown_us", parts_json(answer.mean)},
                 {"critical_paths", std::move(paths)},
                 {"gains", std::move(gains)}};
  return json_text(out, JsonLayout::kRows) + "\n";
}

}  // namespace soliton
