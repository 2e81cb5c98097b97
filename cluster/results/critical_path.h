// The critical path of a request, node by node and link by link: back from its answer over the message that
// each node waited for.
//
// Every message carries how long its request had been between nodes until then. What leaves a node was made of
// the arrival that has the same sum, because nothing is added to it on a node. So the path is followed without
// looking at values, from events of the trace alone, and its parts add up to the latency.
//
//   for (const CriticalPath& path : critical_paths(results, trace, names)) …
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cluster/results/results.h"

namespace soliton {

// Time of the path in one place.
struct PathPart {
  std::string where;  // a node, or "fpga0 -> fpga1"
  std::string what;   // compute | host | queue | network
  Duration time{};
  std::int64_t count = 0;  // how often the path was there

  bool operator==(const PathPart&) const = default;
};
inline constexpr Field kPathPartRows[] = {
    field<&PathPart::where>("where", "A node, or two with an arrow between them: a message."),
    field<&PathPart::what>("what", "`compute`, `host`, `queue` or `network`."),
    field<&PathPart::time>("time_us", "How long in all."),
    field<&PathPart::count>("count", "How often the path was there."),
};
inline constexpr FieldTable kPathPartFields =
    fields_of<PathPart>("critical_paths.parts", kPathPartRows);

struct CriticalPath {
  std::string which;      // median | p99.9
  Duration percentile{};  // of all requests
  std::int64_t request = 0;
  Duration latency{};           // of this request
  std::vector<PathPart> parts;  // longest first; they add up to it
};
inline constexpr Field kCriticalPathRows[] = {
    field<&CriticalPath::which>("which", "`median` or `p99.9`."),
    field<&CriticalPath::percentile>("percentile_us", "The latency at that rank of all requests."),
    field<&CriticalPath::request>(
        "request", "The request with the latency nearest to that, of those that were traced."),
    field<&CriticalPath::latency>("latency_us", "Its latency: what the parts add up to."),
    maps_field<&CriticalPath::parts, kPathPartFields>("parts", "Where it was, the longest first."),
};
inline constexpr FieldTable kCriticalPathFields =
    fields_of<CriticalPath>("critical_paths", kCriticalPathRows);

// Names of the nodes by NodeId, and which of them have an FPGA.
struct PathNodes {
  std::vector<std::string> names;
  std::vector<bool> has_fpga;
};

// The path of one request; nullopt: it was not traced, or not all of its messages were. REQUIRES: virtual time.
std::optional<std::vector<PathPart>> critical_path(std::span<const TraceEvent> trace,
                                                   const RequestRecord& request,
                                                   const PathNodes& nodes);

// Those of the median and of the p99.9 request, or of the nearest to them that were traced; empty where no
// request was, in wall time, and of several services, whose requests are different things.
std::vector<CriticalPath> critical_paths(const RunResults& results,
                                         std::span<const TraceEvent> trace, const PathNodes& nodes);

// results_json() with `critical_paths`, if there are any.
std::string results_json(const RunResults& results, std::span<const CriticalPath> paths);

}  // namespace soliton
