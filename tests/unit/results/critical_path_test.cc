// Paths of requests through a small cluster whose messages are written by hand.
#include "cluster/results/critical_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr NodeId kOne{0}, kTwo{1}, kHost{2};

PathNodes nodes() { return {{"fpga0", "fpga1", "host0"}, {true, true, false}}; }

Instant at(std::int64_t us) { return kRunStart + microseconds(us); }

// A message of the request, with what that had spent between nodes before and after it.
struct Sent {
  NodeId from, to;
  std::int64_t left, arrived, network_before;
};

std::vector<TraceEvent> events_of(const std::vector<Sent>& messages, std::int64_t first_flow = 0) {
  std::vector<TraceEvent> out;
  for (const Sent& m : messages) {
    const std::int64_t flow = first_flow++;
    out.push_back({at(m.left), microseconds(m.network_before), m.from, TraceKind::kMessageSent,
                   flow, 64, index(m.to)});
    out.push_back({at(m.arrived), microseconds(m.network_before + m.arrived - m.left), m.to,
                   TraceKind::kMessageReceived, flow, 64, index(m.from)});
  }
  return out;
}

TraceEvent span(NodeId node, TraceKind kind, std::int64_t from, std::int64_t to, std::int64_t of) {
  return {at(from), microseconds(to - from), node, kind, of, 0, 0};
}

RequestRecord request(std::uint32_t number, std::int64_t sent, std::int64_t completed,
                      const Breakdown& path) {
  RequestRecord out;
  out.request = RequestId{number};
  out.sent = at(sent);
  out.completed = at(completed);
  out.path = path;
  return out;
}

Breakdown parts(std::int64_t compute, std::int64_t network, std::int64_t queue, std::int64_t host) {
  return {microseconds(compute), microseconds(network), microseconds(queue), microseconds(host)};
}

// Host to both devices; the second is the slower one, and the first waits for it.
std::vector<TraceEvent> two_devices() {
  std::vector<TraceEvent> out = events_of({{kHost, kOne, 2, 5, 0},
                                           {kHost, kTwo, 2, 6, 0},
                                           {kTwo, kOne, 16, 18, 4},
                                           {kOne, kHost, 21, 24, 6}});
  out.push_back(span(kHost, TraceKind::kRequest, 0, 25, 7));
  out.push_back(span(kOne, TraceKind::kServe, 5, 21, 7));
  out.push_back(span(kTwo, TraceKind::kServe, 9, 16, 7));
  return out;
}

TEST(CriticalPath, GoesBackOverTheMessageThatWasWaitedFor) {
  const auto path = critical_path(two_devices(), request(7, 0, 25, parts(10, 9, 3, 3)), nodes());
  ASSERT_TRUE(path);
  EXPECT_THAT(*path, ElementsAre(PathPart{"fpga1", "compute", microseconds(7), 1},
                                 PathPart{"host0 -> fpga1", "network", microseconds(4), 1},
                                 PathPart{"host0", "host", microseconds(3), 2},
                                 PathPart{"fpga0 -> host0", "network", microseconds(3), 1},
                                 PathPart{"fpga0", "compute", microseconds(3), 1},
                                 PathPart{"fpga1", "queue", microseconds(3), 1},
                                 PathPart{"fpga1 -> fpga0", "network", microseconds(2), 1}));
  Duration sum{};
  for (const PathPart& part : *path) sum += part.time;
  EXPECT_EQ(sum, microseconds(25)) << "the parts are the latency";
}

TEST(CriticalPath, IsNotThatOfAnotherRequestAtTheSameTime) {
  std::vector<TraceEvent> events = two_devices();
  // The next request's message comes later, and with the same time between nodes.
  const std::vector<TraceEvent> next = events_of({{kTwo, kOne, 17, 19, 4}}, 100);
  events.insert(events.end(), next.begin(), next.end());
  events.push_back(span(kTwo, TraceKind::kServe, 16, 17, 8));
  const auto path = critical_path(events, request(7, 0, 25, parts(10, 9, 3, 3)), nodes());
  ASSERT_TRUE(path);
  EXPECT_EQ(path->front(), (PathPart{"fpga1", "compute", microseconds(7), 1}));
}

TEST(CriticalPath, TellsWhatTheHostWaitedFromWhatItWorked) {
  const auto path = critical_path(two_devices(), request(7, 0, 25, parts(10, 9, 4, 2)), nodes());
  ASSERT_TRUE(path);
  EXPECT_THAT(*path, testing::Contains(PathPart{"host0", "queue", microseconds(1), 1}));
  EXPECT_THAT(*path, testing::Contains(PathPart{"host0", "host", microseconds(2), 2}));
}

TEST(CriticalPath, IsNotKnownIfAMessageWasNotTraced) {
  std::vector<TraceEvent> events = two_devices();
  std::erase_if(events, [](const TraceEvent& e) { return e.a == 2 && e.node == kTwo; });
  EXPECT_FALSE(critical_path(events, request(7, 0, 25, parts(10, 9, 3, 3)), nodes()));
  EXPECT_FALSE(critical_path({}, request(7, 0, 25, parts(10, 9, 3, 3)), nodes()));
}

RunResults results_with(const std::vector<RequestRecord>& requests) {
  RunResults out;
  out.time = "virtual";
  out.requests = requests;
  return out;
}

TEST(CriticalPaths, AreThoseOfTheTracedRequestsNearestToMedianAndTail) {
  // Only the request 7 was traced; the median and the slowest are others.
  const RunResults results =
      results_with({request(6, 0, 20, {}), request(7, 0, 25, parts(10, 9, 3, 3)),
                    request(8, 0, 24, {}), request(9, 0, 40, {})});
  const std::vector<TraceEvent> events = two_devices();
  const std::vector<CriticalPath> paths = critical_paths(results, events, nodes());
  ASSERT_EQ(paths.size(), 2u);
  EXPECT_EQ(paths[0].which, "median");
  EXPECT_EQ(paths[0].percentile, microseconds(24));
  EXPECT_EQ(paths[0].request, 7);
  EXPECT_EQ(paths[0].latency, microseconds(25));
  EXPECT_EQ(paths[1].which, "p99.9");
  EXPECT_EQ(paths[1].percentile, microseconds(40));
  const auto json = nlohmann::json::parse(results_json(results, paths));
  EXPECT_EQ(json["critical_paths"][0]["parts"][0]["where"], "fpga1");
  EXPECT_EQ(json["critical_paths"][0]["parts"][0]["time_us"], 7);
  EXPECT_EQ(json["critical_paths"][0]["parts"][0]["count"], 1);
}

TEST(CriticalPaths, AreLeftOutWhereThereAreNone) {
  RunResults results = results_with({request(7, 0, 25, parts(10, 9, 3, 3))});
  EXPECT_THAT(critical_paths(results, {}, nodes()), IsEmpty());
  const auto json = nlohmann::json::parse(results_json(results, std::span<const CriticalPath>()));
  EXPECT_FALSE(json.contains("critical_paths"));
  results.time = "wall";
  const std::vector<TraceEvent> events = two_devices();
  EXPECT_THAT(critical_paths(results, events, nodes()), IsEmpty());
}

}  // namespace
}  // namespace soliton
