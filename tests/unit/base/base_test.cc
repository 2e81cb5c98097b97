#include <gtest/gtest.h>

#include <cmath>

#include "protocol/base/clock_domain.h"
#include "protocol/base/histogram.h"
#include "protocol/base/payload.h"
#include "protocol/base/quantity.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

TEST(Quantity, ParsesUnitsWithAndWithoutBlank) {
  EXPECT_EQ(parse_duration("2.5 us").value(), picoseconds(2'500'000));
  EXPECT_EQ(parse_duration("50us").value(), microseconds(50));
  EXPECT_EQ(parse_bytes("11 MiB").value().count, 11 << 20);
  EXPECT_EQ(parse_bit_rate("40 Gb/s").value().bits_per_second, 40'000'000'000);
  EXPECT_EQ(parse_bit_rate("70 GB/s").value().bits_per_second, 560'000'000'000);
  EXPECT_EQ(parse_event_rate("20 k/s").value().per_second, 20'000);
  EXPECT_EQ(parse_event_rate("7/s").value().per_second, 7);
  EXPECT_EQ(parse_probability("1 %").value().parts_per_billion, 10'000'000);
}

TEST(Quantity, RefusesBareNumbersUnknownUnitsAndNegativeValues) {
  EXPECT_EQ(*parse_duration("2.5 \xc2\xb5s"), nanoseconds(2'500));  // the micro sign
  EXPECT_EQ(*parse_duration("3\xce\xbcs"), microseconds(3));        // the Greek letter
  EXPECT_NE(parse_duration("5 MS").error().message.find("did you mean \"ms\"?"), std::string::npos);
  EXPECT_NE(parse_duration("5").error().message.find("has no unit"), std::string::npos);
  EXPECT_NE(parse_duration("5 uss").error().message.find("did you mean \"us\""), std::string::npos);
  EXPECT_FALSE(parse_bytes("-1 MiB"));
  EXPECT_FALSE(parse_probability("101 %"));
  EXPECT_FALSE(parse_duration("1e300 s"));
  EXPECT_FALSE(parse_duration("nan s"));
  EXPECT_FALSE(parse_duration("0.0001 ps"));
}

TEST(Quantity, SpellingParsesBack) {
  for (const std::int64_t ps : {0L, 1L, 999L, 2'500'000L, 1'440'000L, 123'456'789'012'345L})
    EXPECT_EQ(parse_duration(spell(Duration{ps})).value(), Duration{ps}) << spell(Duration{ps});
  EXPECT_EQ(spell(Bytes{11 << 20}), "11 MiB");
  EXPECT_EQ(spell(BitRate{40'000'000'000}), "40 Gb/s");
  EXPECT_EQ(spell(microseconds(500)), "500 us");
  EXPECT_EQ(spell(EventRate{20'000}), "20 k/s");
  EXPECT_EQ(spell(EventRate{12'345}), "12345 /s");
}

TEST(Quantity, TransmitTimeRoundsUp) {
  EXPECT_EQ(transmit_time(Bytes{1408}, BitRate{40'000'000'000}), picoseconds(281'600));
  EXPECT_EQ(transmit_time(Bytes{1}, BitRate{3'000'000'000'000}), picoseconds(3));
}

TEST(ClockDomain, ConvertsFractionsOfCyclesExactlyOnce) {
  const ClockDomain s10({250'000'000}, 6);
  EXPECT_EQ(s10.duration(s10.cycles(250)), microseconds(1));
  EXPECT_EQ(s10.duration(490), picoseconds(326'667));  // 81.67 cycles
  const ClockDomain intel({300'000'000}, 1);
  EXPECT_EQ(intel.ticks(intel.duration(7)), 7);
}

TEST(Random, IsAFunctionOfItsInputsAlone) {
  const Random a(7, "loss"), b(7, "loss"), c(7, "delay");
  EXPECT_EQ(a.bits(3), b.bits(3));
  EXPECT_NE(a.bits(3), c.bits(3));
  int hits = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) hits += a.happens(i, Probability{10'000'000});
  EXPECT_NEAR(hits, 1000, 100);
  double sum = 0, squares = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const double x = a.normal(i);
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / 10'000, 0.0, 0.05);
  EXPECT_NEAR(squares / 10'000, 1.0, 0.05);
}

TEST(Random, ExponentialIsTheLogarithmOfItsUniformNumber) {
  const Random random(3, "exponential");
  double sum = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const double value = random.exponential(i);
    EXPECT_NEAR(value, -std::log1p(-random.unit(i)), 1e-14 * (1 + value)) << i;
    sum += value;
  }
  EXPECT_NEAR(sum / 20'000, 1.0, 4 / std::sqrt(20'000.0));
}

TEST(Payload, SlicesAcrossTheEdgeOfRealBytes) {
  Payload p{std::vector<std::byte>(10, std::byte{7}), 90};
  const Payload middle = p.slice(8, 12);
  EXPECT_EQ(middle.bytes.size(), 2u);
  EXPECT_EQ(middle.ghost, 10u);
  Payload joined = p.slice(0, 8);
  joined.append(middle);
  joined.append(p.slice(20, 80));
  EXPECT_EQ(joined, p);
}

TEST(DurationHistogram, QuantilesAreWithinTheBucketWidth) {
  DurationHistogram h;
  for (int i = 1; i <= 1000; ++i) h.add(nanoseconds(i));
  EXPECT_EQ(h.min(), nanoseconds(1));
  EXPECT_EQ(h.max(), nanoseconds(1000));
  EXPECT_NEAR(in_us(h.quantile(0.5)), 0.5, 0.5 * 0.016);
  EXPECT_NEAR(in_us(h.quantile(0.99)), 0.99, 0.99 * 0.016);
  const DurationHistogram back =
      DurationHistogram::restore(h.buckets(), h.min(), h.max(), h.sum_ps());
  EXPECT_EQ(back.quantile(0.9), h.quantile(0.9));
  EXPECT_EQ(back.mean(), h.mean());
}

TEST(NearestName, SuggestsOnlyCloseNames) {
  EXPECT_EQ(nearest_name("bw-pokcet", {"bw-s10", "bw-pocket"}), "bw-pocket");
  EXPECT_EQ(nearest_name("GRU", {"lstm", "gru"}), "gru");
  EXPECT_EQ(nearest_name("zzz", {"bw-s10", "bw-pocket"}), "");
}

}  // namespace
}  // namespace soliton
