#include "cluster/report/traced_run.h"

#include <algorithm>
#include <map>

#include "cluster/report/facts.h"

namespace soliton {
namespace {

using Processes = std::map<std::int64_t, std::string>;
using Threads = std::map<std::int64_t, std::string>;

struct Names {
  Processes processes;
  Threads threads;
};

Names names_of(const std::vector<const Json*>& events) {
  Names out;
  for (const Json* event : events) {
    const std::string what = text_at(*event, "name"), name = text_at(*event, "args.name");
    if (what == "process_name") out.processes[count_at(*event, "pid").value_or(0)] = name;
    if (what == "thread_name") out.threads[count_at(*event, "tid").value_or(0)] = name;
  }
  return out;
}

std::string node_of(const Names& names, const Json& event) {
  const auto found = names.processes.find(count_at(event, "pid").value_or(0));
  return found == names.processes.end() ? "?" : found->second;
}

// "MVU (2)" is a lane of the unit "MVU".
std::string unit_of(const Names& names, const Json& event) {
  const auto found = names.threads.find(count_at(event, "tid").value_or(0));
  return found == names.threads.end() ? "?" : found->second.substr(0, found->second.find(" ("));
}

void add_slice(const Names& names, const Json& event, TracedRun& out) {
  const auto at = time_at(event, "ts"), length = time_at(event, "dur");
  const auto request = count_at(event, "args.request");
  if (!at || !length || !request) return;
  out.slices.push_back({node_of(names, event), unit_of(names, event), text_at(event, "name"),
                        *request, *at, *at + *length});
}

}  // namespace

TracedRun read_trace(std::string_view text) {
  TracedRun out;
  const Json all = Json::parse(text, nullptr, false);
  const std::vector<const Json*> events = items_at(all, "traceEvents");
  const Names names = names_of(events);
  std::map<std::int64_t, TracedMessage> open;  // by number of the arrow
  for (const Json* event : events) {
    const std::string phase = text_at(*event, "ph");
    if (phase == "X") add_slice(names, *event, out);
    const auto id = count_at(*event, "id");
    const auto at = time_at(*event, "ts");
    if (!id || !at) continue;
    if (phase == "s") open[*id] = {node_of(names, *event), "", *at, {}};
    if (phase == "f" && open.contains(*id)) {
      TracedMessage& message = open[*id];
      message.to = node_of(names, *event);
      message.arrived = *at;
      out.messages.push_back(message);
    }
  }
  std::ranges::stable_sort(out.messages, {}, &TracedMessage::arrived);
  return out;
}

}  // namespace soliton
