#include "cluster/cli/sweep_parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace soliton {
namespace {

using ::testing::HasSubstr;

Result<std::optional<SweepPart>> part(const std::string& text,
                                      const std::map<std::string, std::string>& set = {}) {
  return sweep_part(text, [&set](const char* name) -> const char* {
    const auto at = set.find(name);
    return at == set.end() ? nullptr : at->second.c_str();
  });
}

std::string words(const Result<std::optional<SweepPart>>& part) {
  if (!part) return part.error().message;
  return *part ? std::to_string((*part)->index) + "/" + std::to_string((*part)->count) : "none";
}

TEST(SweepPart, IsWhatTheOptionSays) {
  EXPECT_EQ(words(part("0/1")), "0/1");
  EXPECT_EQ(words(part("3/4")), "3/4");
  EXPECT_EQ(words(part("1/2", {{"SLURM_ARRAY_TASK_ID", "7"}, {"SLURM_ARRAY_TASK_COUNT", "9"}})),
            "1/2");
}

TEST(SweepPart, IsThatOfTheScheduler) {
  EXPECT_EQ(words(part("")), "none");
  EXPECT_EQ(words(part("", {{"SLURM_ARRAY_TASK_ID", "3"},
                            {"SLURM_ARRAY_TASK_MIN", "1"},
                            {"SLURM_ARRAY_TASK_COUNT", "4"}})),
            "2/4");
  EXPECT_EQ(words(part("", {{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "2"}})), "1/2");
  EXPECT_EQ(words(part("/8", {{"JOB_COMPLETION_INDEX", "5"}})), "5/8");
  EXPECT_EQ(words(part("/8", {{"SLURM_ARRAY_TASK_ID", "7"}, {"SLURM_ARRAY_TASK_MIN", "7"}})),
            "7/8");
}

// A process alone is no part: it plays all points, and writes the tables.
TEST(SweepPart, IsNoneOfOne) {
  EXPECT_EQ(words(part("", {{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "1"}})),
            "none");
  EXPECT_EQ(words(part("", {{"JOB_COMPLETION_INDEX", "5"}})), "none");
}

TEST(SweepPart, ThatCannotBeIsSaid) {
  for (const char* text : {"1", "x/2", "1/x", "-1/2", "1/2/3", "1/", "/"})
    EXPECT_THAT(words(part(text)), HasSubstr("a part is I/N")) << text;
  EXPECT_THAT(words(part("2/2")), HasSubstr("the last one is 1"));
  EXPECT_THAT(words(part("0/0")), HasSubstr("1 to 100000 parts"));
  EXPECT_THAT(words(part("/2")), HasSubstr("says which part this is"));
  EXPECT_THAT(words(part("", {{"SLURM_ARRAY_TASK_ID", "9"}, {"SLURM_ARRAY_TASK_COUNT", "3"}})),
              HasSubstr("not numbered evenly"));
}

TEST(ShellWord, IsReadBackAsItIs) {
  EXPECT_EQ(shell_word("a/b-c.yaml"), "a/b-c.yaml");
  EXPECT_EQ(shell_word("nodes[0].device=x y"), "'nodes[0].device=x y'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace soliton
