// What runs say of themselves, read from the end of a file that grows.
#include "cluster/cli/top.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace soliton {
namespace {

using testing::HasSubstr;

const std::string kEarly = R"({"t_wall":1,"completed":10,"asked":100,"state":"running"})"
                           "\n";
const std::string kLate =
    R"({"t_wall":2,"emulated_us":1500,"completed":20,"asked":100,"completed_per_second":10,)"
    R"("emulated_us_per_second":500000,"left":8,"state":"running","nodes_lost":1})"
    "\n";

TEST(Top, TheLastWholeLineCounts) {
  for (const std::string& text : {kEarly + kLate, kEarly + kLate + kEarly.substr(0, 30),
                                  "cut off\"}\n" + kLate, kLate + "no JSON\n"}) {
    const std::optional<RunGlance> run = last_glance(text);
    ASSERT_TRUE(run) << text;
    EXPECT_EQ(run->completed, 20U);
    EXPECT_EQ(run->left_seconds, 8);
    EXPECT_EQ(run->nodes_lost, 1U);
    EXPECT_TRUE(run->goes_on());
  }
  for (const char* text : {"", "\n", "{", "[1]\n", "{\"state\": 3}\n"})
    EXPECT_FALSE(last_glance(text).has_value()) << text;
}

TEST(Top, ARunThatSaysNothingIsNotThereAnyMore) {
  RunGlance run = *last_glance(kLate);
  run.silent_seconds = 3;
  EXPECT_FALSE(run.is_silent());
  run.silent_seconds = 60;
  EXPECT_TRUE(run.is_silent());
  EXPECT_THAT(glances_text({run}), HasSubstr("silent 60 s"));
  run.state = "complete";
  EXPECT_FALSE(run.is_silent());
}

TEST(Top, ALineARun) {
  RunGlance run = *last_glance(kLate);
  run.folder = "runs/a\x1b[2J";
  EXPECT_EQ(glances_text({run}),
            "run            state        done          requests    emulated requests/s      pace"
            "    left  lost\n"
            "runs/a\\x1b[2J  running      20 %            20/100    1.500 ms      10.00      0.50"
            "     8 s     1\n");
  EXPECT_THAT(glances_json({run}), HasSubstr("\"completed\": 20"));
}

TEST(Top, AFolderOfNoRunIsRefused) {
  const Result<RunGlance> run = glance_at("/nowhere");
  ASSERT_FALSE(run);
  EXPECT_THAT(run.error().message, HasSubstr("/nowhere has no progress.jsonl"));
}

}  // namespace
}  // namespace soliton
