// Commands are values: one more of them is in the parser, its help and its messages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "cluster/cli/command.h"

namespace soliton {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

struct WaitOptions {
  std::int64_t seconds = 1;
  std::vector<std::string> until;
};

// What the command saw when it ran.
struct Seen {
  WaitOptions options;
  CommandLine line;
} seen;

RunCommand define_wait(OptionSet& options, CommandLine&) {
  const auto own = std::make_shared<WaitOptions>();
  options.inputs("file", "what to wait for");
  options.number("--seconds", "N", own->seconds, 1, 60, "how long");
  options.texts("--until", "WORD", own->until, "what ends it");
  return [own](const CommandLine& line) {
    seen = {*own, line};
    return 3;
  };
}

RunCommand define_other(OptionSet&, CommandLine&) {
  return [](const CommandLine&) { return 0; };
}

const CliCommand kWait = {.name = "wait",
                          .what = "Waits",
                          .example = "soliton wait for.yaml",
                          .takes_cluster = true,
                          .out = "where to",
                          .define = define_wait};
const CliCommand kOther = {.name = "other", .what = "Does nothing", .define = define_other};
constexpr const CliCommand* kList[] = {&kOther, &kWait};

struct Answer {
  std::optional<int> status;
  ParsedCommand parsed;
  std::string out, err;
};

Answer parse(std::vector<const char*> words) {
  words.insert(words.begin(), "soliton");
  Answer answer;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  answer.status = parse_command_line(kList, {"local", "farm"}, static_cast<int>(words.size()),
                                     words.data(), answer.parsed);
  answer.out = testing::internal::GetCapturedStdout();
  answer.err = testing::internal::GetCapturedStderr();
  return answer;
}

TEST(Commands, OneMoreRunsWithItsOwnAndTheCommonOptions) {
  Answer answer =
      parse({"wait", "a.yaml", "--seconds", "7", "--until", "x", "--until", "y", "--set", "a=b",
             "--seed", "9", "--time", "wall", "--engine", "farm", "--out", "here", "--json"});
  ASSERT_EQ(answer.status, std::nullopt) << answer.err;
  EXPECT_EQ(answer.parsed.command, &kWait);
  EXPECT_EQ(answer.parsed.run(answer.parsed.line), 3);
  EXPECT_EQ(seen.options.seconds, 7);
  EXPECT_THAT(seen.options.until, ElementsAre("x", "y"));
  EXPECT_THAT(seen.line.inputs, ElementsAre("a.yaml"));
  EXPECT_THAT(seen.line.overrides(), ElementsAre("a=b", "seed=9", "time=wall"));
  EXPECT_EQ(seen.line.engine, "farm");
  EXPECT_EQ(seen.line.out, "here");
  EXPECT_TRUE(seen.line.json);
}

TEST(Commands, OneMoreIsInTheHelp) {
  const Answer all = parse({"--help"});
  EXPECT_EQ(all.status, 0);
  EXPECT_THAT(all.out, AllOf(HasSubstr("other"), HasSubstr("Does nothing"), HasSubstr("wait"),
                             HasSubstr("Waits")));
  const Answer own = parse({"wait", "--help"});
  EXPECT_EQ(own.status, 0);
  EXPECT_THAT(own.out,
              AllOf(HasSubstr("--seconds N"), HasSubstr("how long"), HasSubstr("--out DIR"),
                    HasSubstr("where to"), HasSubstr("soliton wait for.yaml")));
}

TEST(Commands, OptionsOfOthersAreNotThere) {
  const Answer answer = parse({"other", "--set", "a=b"});
  EXPECT_EQ(answer.status, 2);
  EXPECT_THAT(answer.err, HasSubstr("soliton other: no option \"--set\""));
}

TEST(Commands, TheNearestOneIsNamed) {
  EXPECT_EQ(parse({"wiat"}).err,
            "soliton: no command \"wiat\"; did you mean \"wait\"? (soliton --help)\n");
  EXPECT_EQ(parse({}).err, "soliton: needs a command: other, wait\n");
  EXPECT_THAT(parse({"wait", "a", "--secnods", "1"}).err, HasSubstr("did you mean \"--seconds\"?"));
}

TEST(Commands, EnginesAreThoseThatThereAre) {
  const Answer unknown = parse({"wait", "a", "--engine", "slurm"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, HasSubstr("no engine \"slurm\"; allowed: local, farm"));
}

TEST(Commands, ValuesOutOfRangeAndArgumentsTooManyAreRefused) {
  EXPECT_EQ(parse({"wait", "a", "--seconds", "61"}).status, 2);
  const Answer many = parse({"wait", "a", "b"});
  EXPECT_EQ(many.status, 2);
  EXPECT_THAT(many.err, HasSubstr("one argument too many: \"b\""));
}

TEST(Commands, TheVersionIsAskedForWhenItIsWanted) {
  const char* words[] = {"soliton", "--version"};
  ParsedCommand parsed;
  testing::internal::CaptureStdout();
  EXPECT_EQ(parse_command_line(kList, {}, 2, words, parsed, [] { return "soliton 7 (x)"; }), 0);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "soliton 7 (x)\n");
}

TEST(Commands, HaveAPageForMan) {
  const std::string page = manual_page(kList, {"local"}, "wait");
  EXPECT_THAT(page, testing::StartsWith(".TH SOLITON\\-WAIT 1 "));
  EXPECT_THAT(page, HasSubstr("\n.SH NAME\nsoliton\\-wait \\- Waits\n"));
  EXPECT_THAT(page, HasSubstr("\n\\fBsoliton wait\\fR [\\fIOPTIONS\\fR] \\fIfile\\fR\n"));
  EXPECT_THAT(page, HasSubstr("\n.TP\n\\fB\\-\\-seconds\\fR \\fIN\\fR\nhow long\n"));
  EXPECT_THAT(page, HasSubstr("\\fB\\-\\-time\\fR \\fIvirtual|wall\\fR\n"));
  EXPECT_THAT(page, HasSubstr("\n.SH EXAMPLE\n.nf\nsoliton wait for.yaml\n.fi\n"));
  const std::string whole = manual_page(kList, {"local"}, "");
  for (const char* name : {"other", "wait"})
    EXPECT_THAT(whole, HasSubstr(std::string("\n\\fBsoliton\\-") + name + "\\fR(1)\n"));
  EXPECT_THAT(whole, HasSubstr("\n.SH EXIT STATUS\n"));
}

}  // namespace
}  // namespace soliton
