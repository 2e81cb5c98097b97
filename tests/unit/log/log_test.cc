// What stands in a log, and that it ends nothing.
#include "node/runtime/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace soliton {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class LogTest : public testing::Test {
 protected:
  ~LogTest() override { close(file_); }

  std::string text() const {
    std::string out(65'536, '\0');
    out.resize(static_cast<std::size_t>(pread(file_, out.data(), out.size(), 0)));
    return out;
  }

  int file_ = memfd_create("log", MFD_CLOEXEC);
};

TEST_F(LogTest, ALineHasTimeLevelAndOnceThereIsOneTheTimeOfTheRun) {
  Log log(file_, LogLevel::kInfo);
  log.info("fpga{} is ready", 0);
  log.set_time(kRunStart + nanoseconds(12'500));
  log.info("done");
  log.flush();
  const std::string day = "[0-9]+-[0-9]+-[0-9]+ [0-9]+:[0-9]+:[0-9]+.[0-9]+ ";
  EXPECT_THAT(text(), MatchesRegex(day + "info fpga0 is ready\n" + day + "info t=12.5 us done\n"));
}

TEST_F(LogTest, WarningsAreWrittenAtOnceWithWhatCameBefore) {
  Log log(file_, LogLevel::kInfo);
  log.info("first");
  log.warn("second");
  EXPECT_THAT(text(), HasSubstr("info first\n"));
  EXPECT_THAT(text(), HasSubstr("warning second\n"));
}

TEST_F(LogTest, TheEndWritesWhatWaits) {
  { Log(file_, LogLevel::kInfo).info("last words"); }
  EXPECT_THAT(text(), HasSubstr("last words\n"));
}

TEST_F(LogTest, LinesBelowTheLevelAreLeftOut) {
  Log log(file_, LogLevel::kWarning);
  log.info("chatter");
  log.error("trouble");
  EXPECT_THAT(text(), Not(HasSubstr("chatter")));
  EXPECT_THAT(text(), HasSubstr("error trouble\n"));
}

TEST_F(LogTest, WhatIsQuotedDrivesNoTerminalAndLinesStayLines) {
  Log log(file_, LogLevel::kInfo);
  log.write(LogLevel::kError, "a\x1b[2J{}%v\nb\r");
  EXPECT_THAT(text(), HasSubstr("error a\\x1b[2J{}%v\n"));
  EXPECT_THAT(text(), HasSubstr("error b\\x0d\n"));
}

TEST_F(LogTest, ALogThatCannotBeWrittenEndsNothing) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  for (const int descriptor : {full, -1, 1'000'000}) {
    Log log(descriptor, LogLevel::kInfo);
    for (int i = 0; i < 1'000; ++i) EXPECT_NO_THROW(log.error("line {}", i)) << descriptor;
  }
  close(full);
}

TEST_F(LogTest, TheEnvironmentSaysTheLevel) {
  unsetenv("SOLITON_LOG");
  EXPECT_EQ(log_level_of_environment(), LogLevel::kInfo);
  setenv("SOLITON_LOG", "error", 1);
  EXPECT_EQ(log_level_of_environment(), LogLevel::kError);
  setenv("SOLITON_LOG", "loud", 1);
  EXPECT_EQ(log_level_of_environment(), LogLevel::kInfo);
  unsetenv("SOLITON_LOG");
}

}  // namespace
}  // namespace soliton
