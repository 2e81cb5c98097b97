// The checker of the documents, checked: it must notice a wrong number, a missing line and a
// command it cannot run.
#include "tests/process/documents/console.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(DocumentsConsole, BlocksAreCutIntoCommandsWithTheirOutput) {
  const auto examples = console_examples(
      "text\n```sh\n$ not this\n```\n```console\n$ soliton plan a.yaml\none\n\ntwo\n$ soliton "
      "check b.yaml   # exit 2\n"
      "b.yaml:1:1: bad\n```\n$ nor this\n");
  ASSERT_EQ(examples.size(), 2u);
  EXPECT_EQ(examples[0].line, 6u);
  EXPECT_EQ(examples[0].command, "soliton plan a.yaml");
  EXPECT_EQ(examples[0].exit_status, 0);
  EXPECT_THAT(examples[0].output, ElementsAre("one", "two"));
  EXPECT_EQ(examples[1].command, "soliton check b.yaml");
  EXPECT_EQ(examples[1].exit_status, 2);
  EXPECT_THAT(examples[1].output, ElementsAre("b.yaml:1:1: bad"));
}

TEST(DocumentsConsole, ABlockWithoutACommandIsAnEmptyCommand) {
  const auto examples = console_examples("```console\nonly output\n```\n");
  ASSERT_EQ(examples.size(), 1u);
  EXPECT_EQ(examples[0].command, "");
  EXPECT_FALSE(runnable(examples[0].command, "/b/soliton", "/s", "x"));
}

std::optional<std::string> run_as(const std::string& command) {
  return runnable(command, "/b/soliton", "/s", "line-7");
}

TEST(DocumentsConsole, RunsAndSweepsWriteIntoTheScratchFolder) {
  EXPECT_EQ(run_as("./dev run a.yaml"), "'/b/soliton' run a.yaml --out /s/line-7");
  EXPECT_EQ(run_as("soliton sweep a.yaml --out runs/x"), "'/b/soliton' sweep a.yaml --out /s/x");
  EXPECT_EQ(run_as("./dev soliton plan a.yaml"), "'/b/soliton' plan a.yaml");
  EXPECT_EQ(run_as("soliton run --help"), "'/b/soliton' run --help");
}

TEST(DocumentsConsole, OtherCommandsAreNotRun) {
  EXPECT_FALSE(run_as("rm -rf runs"));
  EXPECT_FALSE(run_as("./dev build"));
  EXPECT_FALSE(run_as("solitons run a.yaml"));
}

TEST(DocumentsConsole, AWrongNumberInVirtualTimeIsNoticed) {
  EXPECT_THAT(missing_lines({"latency   mean 31.9 us"}, "latency   mean 31.9 us\n", "", false),
              IsEmpty());
  EXPECT_THAT(missing_lines({"latency   mean 31.8 us"}, "latency   mean 31.9 us\n", "", false),
              ElementsAre("latency   mean 31.8 us"));
}

TEST(DocumentsConsole, InWallTimeOnlyWordsCount) {
  EXPECT_THAT(missing_lines({"mean 31.8   p99 1,234 us"}, "mean 9.1   p99 12 us\n", "", true),
              IsEmpty());
  EXPECT_THAT(missing_lines({"mean 931.8   max 940.2 us"}, "mean 1.1   max 2.3 ms\n", "", true),
              IsEmpty());
  EXPECT_THAT(
      missing_lines({"mean 31.8   p90 1,234 us"}, "mean 9.1   p99 12 us\n", "", true).size(),
      testing::Eq(1u));
  EXPECT_TRUE(in_wall_time("soliton run a.yaml --time wall"));
  EXPECT_FALSE(in_wall_time("soliton run walls.yaml --time virtual"));
}

TEST(DocumentsConsole, WhatTheEmulatorItselfTookMayVary) {
  EXPECT_EQ(comparable("run   12 requests · 3 ms emulated in 0.9 s · 5 processes  ", false),
            comparable("run   12 requests · 3 ms emulated in 1.75 s · 5 processes", false));
  EXPECT_NE(comparable("3 ms emulated in 0.9 s", false),
            comparable("4 ms emulated in 0.9 s", false));
  EXPECT_EQ(comparable("wrote     runs/quickstart-20261122-0712/", false),
            comparable("wrote     /tmp/scratch-a1b2/runs/unnamed/", false));
}

TEST(DocumentsConsole, LinesAreFoundInOrderInEitherOutput) {
  const std::string out = "a\nb\nc\n";
  EXPECT_THAT(missing_lines({"a", "…", "c"}, out, "", false), IsEmpty());
  EXPECT_THAT(missing_lines({"c", "a"}, out, "", false), ElementsAre("a"));
  EXPECT_THAT(missing_lines({"b", "error"}, out, "error\n", false), IsEmpty());
  EXPECT_THAT(missing_lines({"b", "b"}, out, "", false), ElementsAre("b"));
}

TEST(DocumentsConsole, ALineCutShortIsTheBeginningOfOne) {
  EXPECT_THAT(missing_lines({"one two …"}, "one two three\n", "", false), IsEmpty());
  EXPECT_THAT(missing_lines({"one three …"}, "one two three\n", "", false),
              ElementsAre("one three …"));
}

}  // namespace
}  // namespace soliton
