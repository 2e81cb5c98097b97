#include "cluster/why/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// One request of that latency, four fifths of it between nodes.
RunResults run_of(std::int64_t latency_us) {
  RunResults out;
  out.name = "a run";
  out.time = "virtual";
  RequestRecord one;
  one.sent = kRunStart;
  one.completed = kRunStart + microseconds(latency_us);
  one.path.network = microseconds(latency_us) * 4 / 5;
  one.path.compute = microseconds(latency_us) / 5;
  out.requests = {one};
  out.sent = 1;
  out.last_completed = one.completed;
  return out;
}

Checked<PointOutcome> outcome(std::int64_t latency_us) {
  return outcome_of({run_of(latency_us), {}, {}});
}

Checked<PointOutcome> refused(const char* why) {
  Diagnostics out;
  out.add(ErrorCode::kInvalid, why);
  return tl::unexpected<Diagnostics>(std::move(out));
}

TEST(Gain, IsTheShareOfTheMeanThatIsSaved) {
  const Gain gain = gain_of("a change", outcome(75), 100);
  EXPECT_EQ(gain.refused, "");
  EXPECT_EQ(gain.mean_us, 75);
  EXPECT_DOUBLE_EQ(gain.gain, 0.25);
  EXPECT_DOUBLE_EQ(gain_of("a change", outcome(150), 100).gain, -0.5);
}

TEST(Gain, OfWhatDoesNotApplyHasTheReason) {
  EXPECT_EQ(gain_of("a change", refused("there is no host"), 100).refused, "there is no host");
  RunResults unfinished = run_of(75);
  unfinished.complete = false;
  EXPECT_EQ(gain_of("a change", outcome_of({unfinished, {}, {}}), 100).refused,
            "it did not come to its end");
}

TEST(Gain, TheBestComesFirstAndTheRefusedLast) {
  std::vector<Gain> gains = {gain_of("refused", refused("no"), 100),
                             gain_of("worse", outcome(120), 100), gain_of("best", outcome(50), 100),
                             gain_of("good", outcome(75), 100)};
  rank(gains);
  std::vector<std::string> names;
  for (const Gain& gain : gains) names.push_back(gain.change);
  EXPECT_THAT(names, ElementsAre("best", "good", "worse", "refused"));
}

Answer sample() {
  RunResults results = run_of(100);
  results.partition.lower_bound = microseconds(80);
  Answer answer = answer_of(
      results,
      {{"median",
        microseconds(100),
        0,
        microseconds(100),
        {{"a -> b", "network", microseconds(80), 2}, {"a", "compute", microseconds(20), 1}}}});
  answer.gains = {gain_of("best", outcome(50), 100), gain_of("nothing", outcome(100), 100),
                  gain_of("refused", refused("no host"), 100)};
  return answer;
}

TEST(Answer, AsTextRanksTheGainsBelowThePath) {
  const std::string text = answer_text(sample());
  EXPECT_THAT(text, HasSubstr("bound: 80.0 us, which is 80 % of what it takes"));
  EXPECT_THAT(text, HasSubstr("median: request 0"));
  EXPECT_THAT(text,
              HasSubstr("  a -> b network                        80.00       80 %          2"));
  EXPECT_THAT(text, HasSubstr("+50 %"));
  EXPECT_THAT(text, HasSubstr("none\n"));
  EXPECT_THAT(text, HasSubstr("refused                            no host\n"));
}

TEST(Answer, AsJsonHasNullsForWhatDoesNotApply) {
  const auto json = nlohmann::json::parse(answer_json(sample()));
  EXPECT_EQ(json["bound_us"], 80);
  EXPECT_EQ(json["efficiency"], 0.8);
  EXPECT_EQ(json["critical_paths"][0]["parts"][0]["where"], "a -> b");
  EXPECT_EQ(json["gains"][0]["gain"], 0.5);
  EXPECT_TRUE(json["gains"][0]["refused"].is_null());
  EXPECT_TRUE(json["gains"][2]["gain"].is_null());
  EXPECT_EQ(json["gains"][2]["refused"], "no host");
}

TEST(Answer, OfCommunicationHasTheBoundOfItsSchedule) {
  RunResults results = run_of(100);
  results.partition.known = false;
  results.traffic.emplace();
  results.traffic->bound = microseconds(60);
  results.traffic->time = microseconds(120);
  EXPECT_EQ(answer_of(results, {}).efficiency(), 0.5);
  results.traffic->bound.reset();
  EXPECT_FALSE(answer_of(results, {}).efficiency());
}

}  // namespace
}  // namespace soliton
