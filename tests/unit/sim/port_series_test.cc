#include "fabric/sim/port_series.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "protocol/base/rng.h"
#include "topologies/line.h"

namespace soliton {
namespace {

constexpr BitRate kRate{8'000'000'000};  // a byte takes a nanosecond
constexpr Duration kInterval = nanoseconds(100);

Instant at(std::int64_t ns) { return kRunStart + nanoseconds(ns); }

PortSeries::Sent packet(std::int64_t came, std::int64_t start, std::int64_t bytes) {
  return {at(came), at(start), nanoseconds(bytes), Bytes{bytes - 66}, Bytes{bytes}};
}

TEST(PortSeries, APacketCountsWhereItsFirstBitLeavesAndIsBusyWhereItsBitsDo) {
  PortSeries series(kInterval, 1'000, kRate);
  series.sent(packet(150, 150, 200));
  const auto intervals = series.intervals();
  ASSERT_EQ(intervals.size(), 4u);
  EXPECT_EQ(intervals[0], SeriesInterval{});
  EXPECT_EQ(intervals[1].packets, 1u);
  EXPECT_EQ(intervals[1].bytes, 134u);
  EXPECT_EQ(intervals[1].queue, Bytes{0}) << "it comes later";
  EXPECT_EQ(intervals[1].busy, nanoseconds(50));
  EXPECT_EQ(intervals[2].busy, nanoseconds(100));
  EXPECT_EQ(intervals[2].queue, Bytes{150}) << "what it has left to send";
  EXPECT_EQ(intervals[3].busy, nanoseconds(50));
  EXPECT_EQ(intervals[3].queue, Bytes{50});
  EXPECT_EQ(intervals[3].packets, 0u);
}

TEST(PortSeries, AWaitingPacketIsInTheQueueWhole) {
  PortSeries series(kInterval, 1'000, kRate);
  series.sent(packet(100, 310, 80));  // comes just when an interval begins
  series.waited(at(150), at(299), Bytes{1'000});
  series.queue_was(at(150), Bytes{1'080});
  const auto intervals = series.intervals();
  ASSERT_EQ(intervals.size(), 4u);
  EXPECT_EQ(intervals[1].queue, Bytes{80});
  EXPECT_EQ(intervals[1].queue_max, Bytes{1'080});
  EXPECT_EQ(intervals[2].queue, Bytes{1'080});
  EXPECT_EQ(intervals[3].queue, Bytes{80});
  EXPECT_EQ(intervals[3].queue_max, Bytes{80}) << "nothing came";
}

TEST(PortSeries, LossesAndMarksCountWhereTheyHappen) {
  PortSeries series(kInterval, 1'000, kRate);
  series.dropped_queue(at(99));
  series.dropped_fault(at(100));
  series.dropped_watchdog(at(199));
  series.marked(at(200));
  const auto intervals = series.intervals();
  ASSERT_EQ(intervals.size(), 3u);
  EXPECT_EQ(intervals[0].dropped_queue, 1u);
  EXPECT_EQ(intervals[1].dropped_fault, 1u);
  EXPECT_EQ(intervals[1].dropped_watchdog, 1u);
  EXPECT_EQ(intervals[2].marked, 1u);
}

TEST(PortSeries, TheEndOfTimeFits) {
  PortSeries series(nanoseconds(1), 16, kRate);
  series.sent({kRunStart, kRunEnd - Duration{1}, Duration{1}, Bytes{0}, Bytes{66}});
  series.marked(kRunEnd);
  EXPECT_LE(series.intervals().size(), 16u);
  EXPECT_EQ(series.intervals().back().packets, 1u);
  EXPECT_EQ(series.intervals()[1].queue, Bytes{66});
}

// Packets of one port, first come, first served, some of them lost in the queue.
struct Traffic {
  std::vector<PortSeries::Sent> sent;
  std::vector<std::pair<Instant, Bytes>> queues;  // when a packet came, with it

  explicit Traffic(std::uint64_t seed) {
    const Random random(seed, "port");
    Instant now = kRunStart, free = kRunStart;
    for (std::uint64_t i = 0; i < 300; ++i) {
      const Random chance = random.child(i);
      // Bursts, sometimes at the beginning of an interval.
      if (chance.below(0, 3) == 0)
        now += nanoseconds(static_cast<std::int64_t>(chance.below(1, 2'000)));
      if (chance.below(2, 10) == 0)
        now = kRunStart + ((now - kRunStart) / kInterval + 1) * kInterval;
      const auto bytes = static_cast<std::int64_t>(67 + chance.below(3, 900));
      const Instant start = std::max(now, free);
      free = start + nanoseconds(bytes);
      sent.push_back({now, start, nanoseconds(bytes), Bytes{bytes - 66}, Bytes{bytes}});
      queues.emplace_back(now, transmitted(free - now, kRate));
    }
  }

  void record(const std::vector<std::size_t>& order, PortSeries& series) const {
    for (const std::size_t i : order) {
      series.sent(sent[i]);
      series.queue_was(queues[i].first, queues[i].second);
    }
  }

  // The series by its definition, packet by packet.
  std::vector<SeriesInterval> brute_force(Duration interval) const {
    Instant end = kRunStart;
    for (const auto& p : sent) end = std::max(end, p.start + p.line);
    std::vector<SeriesInterval> out;
    for (Instant from = kRunStart; from < end; from += interval) {
      SeriesInterval& now = out.emplace_back();
      const Instant to = from + interval;
      for (std::size_t i = 0; i < sent.size(); ++i) {
        const auto& p = sent[i];
        const Instant done = p.start + p.line;
        if (p.start >= from && p.start < to) {
          ++now.packets;
          now.bytes += static_cast<std::uint64_t>(p.bytes.count);
        }
        if (done > from && p.start < to) now.busy += std::min(done, to) - std::max(p.start, from);
        if (p.came <= from && p.start > from) now.queue += p.on_line;
        if (p.start <= from && done > from) now.queue += transmitted(done - from, kRate);
        if (p.came >= from && p.came < to)
          now.queue_max = std::max(now.queue_max, queues[i].second);
      }
      now.queue_max = std::max(now.queue_max, now.queue);
    }
    while (!out.empty() && out.back() == SeriesInterval{}) out.pop_back();
    return out;
  }
};

std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> out(count);
  const Random random(seed, "order");
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = i;
    std::swap(out[i], out[random.below(i, i + 1)]);
  }
  return out;
}

TEST(PortSeries, IsWhatItsDefinitionSaysInWhateverOrderItIsRecorded) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Traffic traffic(seed);
    PortSeries series(kInterval, 100'000, kRate), other = series;
    std::vector<std::size_t> in_order(traffic.sent.size());
    for (std::size_t i = 0; i < in_order.size(); ++i) in_order[i] = i;
    traffic.record(in_order, series);
    traffic.record(shuffled(in_order.size(), seed), other);
    ASSERT_EQ(series.intervals(), traffic.brute_force(kInterval)) << seed;
    ASSERT_EQ(series.intervals(), other.intervals()) << seed;
  }
}

TEST(PortSeries, ThatGrewTooLongIsTheOneOfLongerIntervals) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Traffic traffic(seed);
    PortSeries series(kInterval, 20 + seed, kRate);
    traffic.record(shuffled(traffic.sent.size(), seed), series);
    ASSERT_LE(series.intervals().size(), 20 + seed);
    ASSERT_GT(series.interval(), kInterval);
    ASSERT_EQ(series.intervals(), traffic.brute_force(series.interval())) << seed;
  }
}

TEST(PortSeries, AllGetTheIntervalOfTheLongest) {
  std::vector<PortSeries> all(3, PortSeries(kInterval, 16, kRate));
  all[0].marked(at(50));
  all[2].marked(at(6'000));
  EXPECT_EQ(align(all), nanoseconds(400));
  EXPECT_EQ(all[0].interval(), nanoseconds(400));
  EXPECT_TRUE(all[1].empty());
  EXPECT_EQ(all[2].intervals()[15].marked, 1u);
  std::vector<PortSeries> none(2, PortSeries(kInterval, 16, kRate));
  EXPECT_EQ(align(none), Duration{});
}

TEST(PortSeries, AllTogetherHaveALimit) {
  EXPECT_EQ(series_intervals_most(0), std::size_t{1} << 19);
  EXPECT_EQ(series_intervals_most(1 << 10), std::size_t{1} << 9);
  EXPECT_EQ(series_intervals_most(std::size_t{1} << 30), 16u);
}

}  // namespace
}  // namespace soliton
