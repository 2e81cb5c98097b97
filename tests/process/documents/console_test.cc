// Blocks and examples as they are cut out of a document.
#include "tests/process/documents/console.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace soliton {
namespace {

using testing::ElementsAre;

TEST(DocumentsConsole, BlocksAreCutIntoCommandsWithTheirOutput) {
  const auto examples = console_examples(
      "text\n```sh\n$ not this\n```\n```console\n$ soliton plan a.yaml\none\n\ntwo\n$ soliton "
      "check b.yaml   # exit 2\n"
      "b.yaml:1:1: bad\n```\n$ nor this\n");
  ASSERT_EQ(examples.size(), 2u);
  EXPECT_EQ(examples[0].line, 6u);
  EXPECT_EQ(examples[0].command, "soliton plan a.yaml");
  EXPECT_EQ(examples[0].exit_status, 0);
  EXPECT_THAT(examples[0].output, ElementsAre("one", "", "two"));
  EXPECT_EQ(examples[1].line, 10u);
  EXPECT_EQ(examples[1].command, "soliton check b.yaml");
  EXPECT_EQ(examples[1].exit_status, 2);
  EXPECT_THAT(examples[1].output, ElementsAre("b.yaml:1:1: bad"));
}

TEST(DocumentsConsole, ABlockWithoutACommandIsAnEmptyCommand) {
  const auto examples = console_examples("```console\nonly output\nof two lines\n```\n");
  ASSERT_EQ(examples.size(), 1u);
  EXPECT_EQ(examples[0].line, 1u);
  EXPECT_EQ(examples[0].command, "");
  EXPECT_THAT(examples[0].output, ElementsAre("only output", "of two lines"));
  EXPECT_FALSE(calls_the_tool(examples[0].command));
}

TEST(DocumentsConsole, BlocksHaveALanguageAndANote) {
  const auto blocks = blocks_of("```hex data of a packet\n00 01\n```\n```\n+--+\n```\n");
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(blocks[0].language, "hex");
  EXPECT_EQ(blocks[0].note, "data of a packet");
  EXPECT_EQ(blocks[0].line, 2u);
  EXPECT_EQ(blocks[0].text(), "00 01\n");
  EXPECT_EQ(blocks[1].language, "");
  EXPECT_THAT(blocks[1].lines, ElementsAre("+--+"));
}

TEST(DocumentsConsole, OnlyCommandsOfTheToolAreRun) {
  for (const char* command : {"./dev run a.yaml", "./dev soliton plan a.yaml", "soliton --help"})
    EXPECT_TRUE(calls_the_tool(command)) << command;
  for (const char* command : {"rm -rf runs", "./dev build", "solitons run a.yaml", "soliton-node"})
    EXPECT_FALSE(calls_the_tool(command)) << command;
}

}  // namespace
}  // namespace soliton
