#include "cluster/results/links_series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/results/trace_counters.h"

namespace soliton {
namespace {

using testing::ElementsAre;

SeriesInterval interval(std::uint64_t packets, std::int64_t busy_us, std::int64_t queue) {
  return {.packets = packets,
          .bytes = packets * 100,
          .busy = microseconds(busy_us),
          .queue = Bytes{queue / 2},
          .queue_max = Bytes{queue}};
}

SeriesResult two_links() {
  return {.asked = microseconds(10),
          .interval = microseconds(10),
          .links = {{"a -> s", {interval(3, 5, 0), {}, interval(1, 1, 20)}},
                    {"=s -> \"b\"", {{}, interval(7, 10, 600)}}}};
}

TEST(LinksSeries, AreLinesByTimeWithoutThoseInWhichNothingHappened) {
  EXPECT_EQ(links_series_csv(two_links()),
            "at_us,link,packets,bytes,busy_fraction,queue_bytes,queue_bytes_max,dropped_queue,"
            "dropped_fault,dropped_watchdog,ecn_marked\n"
            "0,a -> s,3,300,0.5,0,0,0,0,0,0\n"
            "10,\"'=s -> \"\"b\"\"\",7,700,1,300,600,0,0,0,0\n"
            "20,a -> s,1,100,0.1,10,20,0,0,0,0\n");
}

TEST(LinksSeries, TheBusiestComeFirst) {
  const SeriesResult series = two_links();
  EXPECT_THAT(busiest_links(series, 5), ElementsAre(&series.links[1], &series.links[0]));
  EXPECT_THAT(busiest_links(series, 1), ElementsAre(&series.links[1]));
}

TEST(LinksSeries, JoinedIntervalsHaveSumsAndTheLongestQueue) {
  const std::vector<SeriesInterval> from = two_links().links[0].intervals;
  const std::vector<SeriesInterval> two = join_intervals(from, 2);
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0], from[0]);
  EXPECT_EQ(two[1], from[2]);
  const SeriesInterval all = join_intervals(from, 9).front();
  EXPECT_EQ(all.packets, 4u);
  EXPECT_EQ(all.bytes, 400u);
  EXPECT_EQ(all.busy, microseconds(6));
  EXPECT_EQ(all.queue, Bytes{0}) << "as at the beginning";
  EXPECT_EQ(all.queue_max, Bytes{20});
}

TEST(TraceCounters, KeepAValueUntilItChangesAndEndAtZero) {
  std::vector<std::string> loads;
  for (const Json& event : trace_counters(two_links())) {
    if (event["ph"] == "C" && event["name"] == "a -> s load")
      loads.push_back(json_text(event["ts"], JsonLayout::kLine) + ": " +
                      event["args"]["percent"].dump());
  }
  EXPECT_THAT(loads, ElementsAre("0: 50.0", "10: 0.0", "20: 10.0", "30: 0.0"));
}

TEST(TraceCounters, OfLongSeriesAreFew) {
  SeriesResult series = two_links();
  series.links[0].intervals.assign(100'001, interval(1, 1, 4));
  series.links[0].intervals[77].queue_max = Bytes{9'999};
  std::size_t events = 0;
  std::int64_t highest = 0;
  for (const Json& event : trace_counters(series)) {
    ++events;
    if (event["name"] == "a -> s queue")
      highest = std::max(highest, event["args"]["bytes"].get<std::int64_t>());
  }
  EXPECT_LT(events, 5'000u);
  EXPECT_EQ(highest, 9'999);
  EXPECT_TRUE(trace_counters({}).empty());
}

}  // namespace
}  // namespace soliton
