#include "cluster/experiment/find.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace soliton {
namespace {

using testing::HasSubstr;

FindSpec spec(bool maximize, std::int64_t from, std::int64_t least, std::int64_t most) {
  FindSpec out;
  out.maximize = maximize;
  out.key = "workload.clients";
  out.from = from;
  out.least = least;
  out.most = most;
  return out;
}

// Plays a search to its end; `met` says which values are good.
FindSearch played(const FindSpec& spec, const std::function<bool(std::int64_t)>& met) {
  FindSearch search(spec);
  while (const std::optional<std::int64_t> value = search.next()) {
    EXPECT_GE(*value, spec.least);
    EXPECT_LE(*value, spec.most);
    search.tell(*value, met(*value));
  }
  return search;
}

TEST(FindSearch, FindsTheLargestAndTheSmallestFromAnywhere) {
  for (const std::int64_t limit : {1, 2, 37, 99, 100})
    for (const std::int64_t from : {1, 10, 100}) {
      const FindSearch largest =
          played(spec(true, from, 1, 100), [&](std::int64_t v) { return v <= limit; });
      EXPECT_EQ(largest.found(), limit) << limit << " from " << from;
      EXPECT_FALSE(largest.out_of_order());
      const FindSearch smallest =
          played(spec(false, from, 1, 100), [&](std::int64_t v) { return v >= limit; });
      EXPECT_EQ(smallest.found(), limit) << limit << " from " << from;
      EXPECT_LE(smallest.tried(), 16u);
    }
}

TEST(FindSearch, SaysWhatLiesBeyondUnlessTheRangeEnds) {
  EXPECT_EQ(played(spec(true, 1, 1, 100), [](std::int64_t v) { return v <= 37; }).beyond(), 38);
  EXPECT_FALSE(played(spec(true, 1, 1, 100), [](std::int64_t) { return true; }).beyond());
}

TEST(FindSearch, StopsWithinTheTolerance) {
  FindSpec rough = spec(true, 1'000, 1, 1'000'000'000);
  rough.tolerance = Probability{50'000'000};
  const FindSearch search = played(rough, [](std::int64_t v) { return v <= 123'456; });
  EXPECT_LE(*search.found(), 123'456);
  EXPECT_GE(*search.found(), 117'000);
  EXPECT_FALSE(search.ran_out());
  EXPECT_LE(search.tried(), 16u);
}

TEST(FindSearch, WithNoneThatMeetsTriesDownToTheLeast) {
  const FindSearch search = played(spec(true, 64, 1, 100), [](std::int64_t) { return false; });
  EXPECT_FALSE(search.found());
  EXPECT_EQ(search.tried(), 7u);
}

TEST(FindSearch, EndsAfterTheMostRunsAndSaysSo) {
  FindSpec few = spec(true, 1, 1, 1'000'000);
  few.runs = 5;
  const FindSearch search = played(few, [](std::int64_t v) { return v <= 900'000; });
  EXPECT_EQ(search.tried(), 5u);
  EXPECT_TRUE(search.ran_out());
  EXPECT_EQ(search.found(), 16);
}

TEST(FindSearch, NoticesThatMoreIsNotAlwaysWorse) {
  const FindSearch search = played(
      spec(true, 1, 1, 1'000), [](std::int64_t v) { return v <= 900 && !(v > 250 && v < 400); });
  EXPECT_TRUE(search.out_of_order());
}

TEST(FindCondition, ReadsNamesOfExpectationsAndKeysOfResults) {
  const FindCondition p99 = parse_condition("p99 < 2 ms").value();
  EXPECT_EQ(p99.key, "latency_us.p99");
  EXPECT_EQ(p99.bound, 2'000);
  const FindCondition dropped = parse_condition("fabric.dropped <= 0").value();
  EXPECT_EQ(dropped.key, "fabric.dropped");
  EXPECT_EQ(parse_condition("accuracy>=84 %").value().bound, 0.84);
  EXPECT_EQ(parse_condition("throughput > 20 k/s").value().bound, 20'000);
}

TEST(FindCondition, RefusesWhatIsNone) {
  EXPECT_THAT(parse_condition("p99 2 ms").error().message, HasSubstr("is no condition"));
  EXPECT_THAT(parse_condition("latency_us.p98 < 1 ms").error().message,
              HasSubstr("did you mean \"latency_us.p9"));
  EXPECT_FALSE(parse_condition("p99 < 2"));
  EXPECT_FALSE(parse_condition("fabric.dropped < few"));
}

TEST(FindCondition, IsNotMetByWhatWasNotMeasured) {
  const FindCondition p99 = parse_condition("p99 < 2 ms").value();
  EXPECT_TRUE(p99.met_by({scalar_of_text("latency_us.p99", "1999.5")}));
  EXPECT_FALSE(p99.met_by({scalar_of_text("latency_us.p99", "2000")}));
  EXPECT_FALSE(p99.met_by({}));
  EXPECT_EQ(p99.badness({scalar_of_text("latency_us.p99", "3000")}), 0.5);
}

}  // namespace
}  // namespace soliton
