#include "tests/process/documents/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(DocumentsTerminal, ProgressThatIsWrittenOverIsNotSeen) {
  EXPECT_THAT(as_seen("\r\x1b[K#.. 1/3\r\x1b[K##. 2/3\r\x1b[Kdone\nnext"),
              ElementsAre("done", "next"));
  EXPECT_THAT(as_seen("\r\x1b[K#.. 1/3\r\x1b[K"), IsEmpty());
}

TEST(DocumentsTerminal, ColoursHaveNoWidth) {
  EXPECT_THAT(as_seen("\x1b[1mrun\x1b[0m  3\r\n"), ElementsAre("run  3"));
}

TEST(DocumentsTerminal, BothOutputsComeInTheirOrderWithTheStatus) {
  const CommandEnd end = run_at_terminal("echo a; echo b >&2; echo c; exit 3", "/", "/nowhere");
  EXPECT_THAT(end.seen, ElementsAre("a", "b", "c"));
  EXPECT_EQ(end.status, 3);
  EXPECT_EQ(run_at_terminal("kill -9 $$", "/", "/nowhere").status, 128 + 9);
  EXPECT_THAT(run_at_terminal("pwd; cat; test -t 1 && echo terminal", "/", "/nowhere").seen,
              ElementsAre("/", "terminal"));
}

}  // namespace
}  // namespace soliton
