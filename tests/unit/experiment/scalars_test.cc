#include "cluster/experiment/scalars.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/results/results.h"

namespace soliton {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

std::vector<std::string> lines_of(const Scalars& scalars) {
  std::vector<std::string> out;
  for (const Scalar& scalar : scalars) out.push_back(scalar.key + "=" + csv_text(scalar));
  return out;
}

TEST(ReadScalars, JoinsKeysKeepsSpellingsAndLeavesListsOut) {
  const Result<Scalars> read = read_scalars(
      R"({"a": {"b": 1.50, "c": {"d": -7}}, "list": [1, {"a": 2, "x": {"y": [3]}}, [4]],
          "big": 18446744073709551615, "t": "x,y", "n": null, "yes": true, "e": {}, "z": 1e-7})");
  ASSERT_TRUE(read);
  EXPECT_THAT(lines_of(*read), ElementsAre("a.b=1.50", "a.c.d=-7", "big=18446744073709551615",
                                           "t=\"x,y\"", "n=", "yes=true", "z=1e-7"));
}

TEST(ReadScalars, RefusesWhatIsNoObject) {
  for (const char* text : {"", "1", "[]", "[{\"a\": 1}]", "{\"a\": }", "{} {}", "{\"a\": 1e999}"})
    EXPECT_FALSE(read_scalars(text)) << text;
}

TEST(ScalarOfText, IsANumberOnlyWhenSpelledLikeOne) {
  using Kind = Scalar::Kind;
  for (const auto& [text, kind] : {std::pair{"12", Kind::kNumber},
                                   {"-0.5", Kind::kNumber},
                                   {"true", Kind::kBoolean},
                                   {"1 ms", Kind::kText},
                                   {"0x1", Kind::kText},
                                   {"", Kind::kText},
                                   {"null", Kind::kText},
                                   {"[1]", Kind::kText},
                                   {"1, \"other\": 2", Kind::kText},
                                   {"\"1\"", Kind::kText}}) {
    const Scalar scalar = scalar_of_text("key", text);
    EXPECT_EQ(scalar.kind, kind) << text;
    EXPECT_EQ(scalar.text, text);
  }
}

TEST(ResultKeys, AreThoseOfResultsJsonWithEveryOptionalPart) {
  const std::vector<std::string> keys = result_keys();
  for (const char* key :
       {"latency_us.p99", "requests.sent", "ltl.rtt_us.p50", "ltl.listen", "wall.seconds", "error",
        "traffic.goodput_gbps", "pauses.watchdogs", "device_us.max", "throughput_rps"})
    EXPECT_THAT(keys, Contains(key));
  EXPECT_THAT(keys, Not(Contains("nodes")));
  EXPECT_EQ(keys.front(), "soliton");
}

}  // namespace
}  // namespace soliton
