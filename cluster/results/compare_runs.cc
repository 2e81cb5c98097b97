#include "cluster/results/compare_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "protocol/base/check.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

constexpr std::array<std::string_view, 2> kNotCompared = {"progress.jsonl", "lock"};

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& text) {
  Lines out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

// In the layout of the file `wall` is a member with a line of its own; what it holds lies within
// that line or the lines up to its end, so it is read as JSON.
std::string without_wall(const std::string& text) {
  Json results = Json::parse(text, nullptr, false);
  if (!results.is_object()) return text;
  results.erase("wall");
  return json_text(results, JsonLayout::kRows) + "\n";
}

std::string without_lines(const std::string& text, std::initializer_list<std::string_view> heads) {
  std::string out;
  for (const std::string& line : lines_of(text))
    if (std::ranges::none_of(heads, [&](std::string_view head) { return line.starts_with(head); }))
      out += line + "\n";
  return out;
}

// The first line says the layout, "run" the seconds and processes, "wrote" the folder.
std::string without_machine(const std::string& text) {
  const std::size_t first = text.find('\n');
  return without_lines(first == std::string::npos ? "" : text.substr(first + 1),
                       {"run ", "wrote ", "profile "});
}

std::string without_layout(const std::string& text) { return without_lines(text, {"processes:"}); }

struct Comparable {
  std::string_view file;
  std::string (*text)(const std::string& text);
};
constexpr Comparable kComparable[] = {
    {"results.json", without_wall},
    {"summary.txt", without_machine},
    {"cluster.yaml", without_layout},
};

std::string comparable(const std::string& file, const std::string& text) {
  const auto found = std::ranges::find(kComparable, std::string_view(file), &Comparable::file);
  return found == std::end(kComparable) ? text : found->text(text);
}

Result<std::set<std::string>> files_of(const std::string& folder) {
  std::set<std::string> out;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() &&
        std::ranges::find(kNotCompared, std::string_view(name)) == kNotCompared.end())
      out.insert(name);
  }
  if (failed)
    return tl::unexpected(
        Error{ErrorCode::kInvalid, fmt::format("cannot read {}: {}", folder, failed.message())});
  return out;
}

Result<std::string> text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return tl::unexpected(Error{ErrorCode::kInvalid, fmt::format("cannot read {}", path)});
  return text.str();
}

// The first line in which they differ. REQUIRES: they do.
RunDifference difference_of(const std::string& file, const std::string& one,
                            const std::string& other) {
  const Lines a = lines_of(one), b = lines_of(other);
  std::size_t at = 0;
  while (at < a.size() && at < b.size() && a[at] == b[at]) ++at;
  return {file, at + 1, at < a.size() ? a[at] : "", at < b.size() ? b[at] : ""};
}

// ---- Traces

struct Trace {
  std::vector<std::pair<double, TracedEvent>>
      events;  // by time, otherwise in the order of the file
};

std::string text_in(const Json& event, const char* key) {
  return event.contains(key) && event[key].is_string() ? event[key].get<std::string>() : "";
}

// Names of the processes, which are the nodes.
std::map<std::string, std::string> tracks_of(const Json& events) {
  std::map<std::string, std::string> out;
  for (const Json& event : events)
    if (text_in(event, "name") == "process_name" && event.contains("pid") && event.contains("args"))
      out[event["pid"].dump()] = text_in(event["args"], "name");
  return out;
}

std::optional<Trace> trace_of(std::string_view text) {
  const Json all = Json::parse(text, nullptr, false);
  if (!all.is_object() || !all.contains("traceEvents")) return std::nullopt;
  const std::map<std::string, std::string> tracks = tracks_of(all["traceEvents"]);
  Trace out;
  for (Json event : all["traceEvents"]) {
    if (!event.contains("ts") || !event["ts"].is_number()) continue;
    TracedEvent one;
    one.at_us = event["ts"].dump();
    const auto track = event.contains("pid") ? tracks.find(event["pid"].dump()) : tracks.end();
    if (track != tracks.end()) one.who = track->second;
    one.kind = event.contains("cat") ? text_in(event, "cat") : "counter";
    const double at = event["ts"].get<double>();
    // Numbers of tracks and arrows are given in order of time: one event more moves all later ones.
    event.erase("tid");
    event.erase("id");
    one.text = json_text(event, JsonLayout::kLine);
    out.events.emplace_back(at, std::move(one));
  }
  std::ranges::stable_sort(out.events, {}, [](const auto& event) { return event.first; });
  return out;
}

}  // namespace

Result<RunComparison> compare_runs(const std::string& one, const std::string& other) {
  const Result<std::set<std::string>> a = files_of(one), b = files_of(other);
  if (!a) return tl::unexpected(a.error());
  if (!b) return tl::unexpected(b.error());
  std::set<std::string> all = *a;
  all.insert(b->begin(), b->end());
  RunComparison out{.files = all.size(), .differences = {}};
  for (const std::string& file : all) {
    if (!a->contains(file) || !b->contains(file)) {
      out.differences.push_back({file, 0, "", ""});
      continue;
    }
    const Result<std::string> text = text_of(one + "/" + file),
                              other_text = text_of(other + "/" + file);
    if (!text) return tl::unexpected(text.error());
    if (!other_text) return tl::unexpected(other_text.error());
    const std::string from = comparable(file, *text), to = comparable(file, *other_text);
    if (from != to) out.differences.push_back(difference_of(file, from, to));
  }
  return out;
}

const TracedEvent& EventDifference::first() const {
  SOLITON_CHECK(one || other);
  if (!one || !other) return one ? *one : *other;
  return std::stod(other->at_us) < std::stod(one->at_us) ? *other : *one;
}

Result<std::optional<EventDifference>> first_different_event(std::string_view one,
                                                             std::string_view other) {
  const std::optional<Trace> a = trace_of(one), b = trace_of(other);
  if (!a || !b) return tl::unexpected(Error{ErrorCode::kInvalid, "trace.json is not a trace"});
  std::size_t at = 0;
  while (at < a->events.size() && at < b->events.size() && a->events[at] == b->events[at]) ++at;
  EventDifference out;
  if (at < a->events.size()) out.one = a->events[at].second;
  if (at < b->events.size()) out.other = b->events[at].second;
  return out.one || out.other ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace soliton
