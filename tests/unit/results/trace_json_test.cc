#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "cluster/results/results.h"
#include "cluster/results/trace_units.h"

namespace soliton {
namespace {

using Json = nlohmann::ordered_json;

constexpr NodeId kFpga{0}, kHost{1};

TraceNames names() {
  return {{"fpga0", "host\"0"}, {{"gru0.r", "gru0.h"}}, {"fpga0-tor0"}, {"fault0"}};
}

Instant at(std::int64_t ps) { return kRunStart + Duration{ps}; }

TraceEvent slice(NodeId node, TraceKind kind, std::int64_t from, std::int64_t to,
                 std::int64_t a = 0) {
  return {at(from), Duration{to - from}, node, kind, a, 0, 0};
}

TraceEvent message(NodeId node, TraceKind kind, std::int64_t when, std::int64_t flow, NodeId peer) {
  return {at(when), {}, node, kind, flow, 64, index(peer)};
}

std::vector<Json> phase(const std::vector<TraceEvent>& events, const std::string& ph) {
  const Json all = Json::parse(trace_json(events, names()));
  std::vector<Json> out;
  for (const Json& event : all["traceEvents"])
    if (event["ph"] == ph) out.push_back(event);
  return out;
}

// [from, to) in picoseconds by thread, whose numbers are unique among all nodes.
std::multimap<int, std::pair<std::int64_t, std::int64_t>> slices_by_thread(
    const std::vector<TraceEvent>& events) {
  std::multimap<int, std::pair<std::int64_t, std::int64_t>> out;
  for (const Json& s : phase(events, "X")) {
    const auto from = std::llround(s["ts"].get<double>() * 1e6);
    out.emplace(s["tid"], std::pair(from, from + std::llround(s["dur"].get<double>() * 1e6)));
  }
  return out;
}

bool threads_nest(const std::vector<TraceEvent>& events) {
  const auto all = slices_by_thread(events);
  for (const auto& [ta, a] : all)
    for (const auto& [tb, b] : all)
      if (ta == tb && a.first < b.first && b.first < a.second && a.second < b.second) return false;
  return true;
}

// Names of processes, or of the threads of one.
std::map<int, std::string> processes(const std::vector<TraceEvent>& events) {
  std::map<int, std::string> out;
  for (const Json& m : phase(events, "M"))
    if (m["name"] == "process_name") out[m["pid"]] = m["args"]["name"];
  return out;
}
std::map<int, std::string> threads(const std::vector<TraceEvent>& events, int process) {
  std::map<int, std::string> out;
  for (const Json& m : phase(events, "M"))
    if (m["name"] == "thread_name" && m["pid"] == process) out[m["tid"]] = m["args"]["name"];
  return out;
}

TEST(TraceJson, EveryNodeIsAProcessEvenWhenItDidNothing) {
  EXPECT_EQ(processes({}), (std::map<int, std::string>{{1, "fpga0"}, {2, "host\"0"}}));
}

TEST(TraceJson, TheUnitsOfANodeAreThreadsOfItsProcess) {
  const std::vector<TraceEvent> events = {slice(kFpga, TraceKind::kServe, 0, 900),
                                          slice(kFpga, TraceKind::kChain, 100, 200, 0),
                                          slice(kFpga, TraceKind::kChain, 200, 300, 1),
                                          message(kFpga, TraceKind::kMessageSent, 300, 1, kHost),
                                          slice(kHost, TraceKind::kRequest, 0, 950),
                                          slice(kHost, TraceKind::kHostWork, 900, 940)};
  const ChainProducts products = {{true, false}};
  const Json all = Json::parse(trace_json(events, names(), products, nullptr));
  std::map<std::string, std::string> units;  // by name of the slice
  std::map<int, std::string> thread_names;
  for (const Json& event : all["traceEvents"])
    if (event["name"] == "thread_name") thread_names[event["tid"]] = event["args"]["name"];
  for (const Json& event : all["traceEvents"])
    if (event["ph"] == "X")
      units[event["name"]] = fmt::format("{} {}", event["pid"].dump(), thread_names[event["tid"]]);
  EXPECT_EQ(units, (std::map<std::string, std::string>{{"serve 0", "1 requests"},
                                                       {"gru0.r", "1 MVU"},
                                                       {"gru0.h", "1 MFU"},
                                                       {"send 64 B to host\"0", "1 network"},
                                                       {"request 0", "2 requests"},
                                                       {"host work 0", "2 host"}}));
}

TEST(TraceJson, AChainBecomesASliceWithItsLabelRequestAndStep) {
  const TraceEvent chain{at(1'000'001), Duration{2'500'000}, kFpga, TraceKind::kChain, 1, 7, 3};
  const std::vector<Json> slices = phase({chain}, "X");
  ASSERT_EQ(slices.size(), 1u);
  EXPECT_EQ(slices[0]["name"], "gru0.h");
  EXPECT_EQ(slices[0]["ts"].dump(), "1.000001");
  EXPECT_EQ(slices[0]["dur"], 2.5);
  EXPECT_EQ(slices[0]["args"]["request"], 7);
  EXPECT_EQ(slices[0]["args"]["step"], 3);
}

TEST(TraceJson, ArrowsPairUpAndPointForward) {
  const std::vector<TraceEvent> events = {
      message(kHost, TraceKind::kMessageSent, 100, 5, kFpga),
      message(kFpga, TraceKind::kMessageReceived, 3'000'000, 5, kHost),
      message(kFpga, TraceKind::kMessageSent, 4'000'000, 6, kHost),
      message(kHost, TraceKind::kMessageReceived, 7'000'000, 6, kFpga)};
  const std::vector<Json> starts = phase(events, "s"), ends = phase(events, "f");
  ASSERT_EQ(starts.size(), 2u);
  ASSERT_EQ(ends.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(starts[i]["id"], ends[i]["id"]);
    EXPECT_LT(starts[i]["ts"], ends[i]["ts"]);
    EXPECT_NE(starts[i]["tid"], ends[i]["tid"]);
  }
  EXPECT_NE(starts[0]["id"], starts[1]["id"]);
}

TEST(TraceJson, EveryArrowEndLiesInASliceOfItsThread) {
  const std::vector<TraceEvent> events = {
      slice(kHost, TraceKind::kRequest, 0, 9'000'000),
      message(kHost, TraceKind::kMessageSent, 9'000'000, 5, kFpga),
      message(kFpga, TraceKind::kMessageReceived, 9'500'000, 5, kHost)};
  const auto slices = slices_by_thread(events);
  for (const char* ph : {"s", "f"})
    for (const Json& end : phase(events, ph)) {
      const auto when = std::llround(end["ts"].get<double>() * 1e6);
      const auto [first, last] = slices.equal_range(end["tid"]);
      EXPECT_TRUE(std::any_of(first, last, [&](const auto& s) {
        return s.second.first <= when && when < s.second.second;
      }));
    }
}

TEST(TraceJson, AnArrowWithOneEndMissingOrBackInTimeIsLeftOut) {
  EXPECT_TRUE(phase({message(kHost, TraceKind::kMessageSent, 100, 5, kFpga)}, "s").empty());
  EXPECT_TRUE(phase({message(kFpga, TraceKind::kMessageReceived, 100, 5, kHost)}, "f").empty());
  const std::vector<TraceEvent> backwards = {
      message(kHost, TraceKind::kMessageSent, 200, 5, kFpga),
      message(kFpga, TraceKind::kMessageReceived, 100, 5, kHost)};
  EXPECT_TRUE(phase(backwards, "s").empty());
}

TEST(TraceJson, NestedSlicesShareAThread) {
  const std::vector<TraceEvent> events = {slice(kFpga, TraceKind::kServe, 100, 200),
                                          slice(kFpga, TraceKind::kServe, 100, 900),
                                          slice(kFpga, TraceKind::kServe, 200, 900)};
  EXPECT_EQ(slices_by_thread(events).count(0), 3u);
}

TEST(TraceJson, OverlappingSlicesGoToFurtherThreadsOfTheirUnit) {
  const std::vector<TraceEvent> events = {
      slice(kHost, TraceKind::kRequest, 0, 500, 0), slice(kHost, TraceKind::kRequest, 100, 600, 1),
      slice(kHost, TraceKind::kRequest, 500, 900, 2), slice(kFpga, TraceKind::kServe, 50, 700, 0)};
  EXPECT_TRUE(threads_nest(events));
  EXPECT_EQ(slices_by_thread(events).count(kTraceUnits), 2u) << "the first thread of the host";
  std::vector<std::string> names;
  for (const auto& [thread, name] : threads(events, 2)) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"requests", "requests (2)"}));
}

TEST(TraceJson, AMessageMarkNeverPushesARealSliceAside) {
  const std::vector<TraceEvent> events = {
      slice(kFpga, TraceKind::kServe, 0, 5'000),
      message(kFpga, TraceKind::kMessageReceived, 1'000, 1, kHost),
      slice(kFpga, TraceKind::kServe, 1'300, 4'500),
      message(kFpga, TraceKind::kMessageSent, 4'400, 2, kHost)};
  EXPECT_TRUE(threads_nest(events));
  EXPECT_EQ(slices_by_thread(events).count(0), 2u);
  EXPECT_EQ(slices_by_thread(events).count(static_cast<int>(TraceUnit::kNetwork)), 2u);
}

TEST(TraceJson, DropsAndFaultsAreInstants) {
  const std::vector<TraceEvent> events = {
      {at(5), {}, NodeId{99}, TraceKind::kPacketDropped, -1, 0, 0},
      {at(6), {}, kFpga, TraceKind::kPacketDropped, 0, 3, 1},
      {at(1), {}, NodeId{99}, TraceKind::kFaultStart, 0, 0, 0},
      {at(7), {}, kHost, TraceKind::kRetransmit, 2, 40, 0}};
  const std::vector<Json> marks = phase(events, "i");
  ASSERT_EQ(marks.size(), 4u);
  EXPECT_EQ(marks[0]["name"], "fault0 starts");
  EXPECT_EQ(marks[0]["s"], "g");
  EXPECT_EQ(marks[1]["name"], "dropped on fpga0-tor0: queue full");
  EXPECT_EQ(marks[0]["tid"], marks[2]["tid"]) << "a link that has no name is with the faults";
  EXPECT_EQ(processes(events).at(marks[1]["pid"]), "links and faults");
  EXPECT_EQ(threads(events, marks[1]["pid"]).at(marks[1]["tid"]), "fpga0-tor0");
  EXPECT_EQ(marks[2]["name"], "dropped on link 3: fault0");
  EXPECT_EQ(marks[3]["name"], "retransmit 40 of connection 2");
}

TEST(TraceJson, DoesNotDependOnTheOrderInWhichNodesReported) {
  const TraceEvent a = slice(kFpga, TraceKind::kServe, 10, 20),
                   b = slice(kHost, TraceKind::kRequest, 5, 30);
  EXPECT_EQ(trace_json({a, b}, names()), trace_json({b, a}, names()));
}

}  // namespace
}  // namespace soliton
