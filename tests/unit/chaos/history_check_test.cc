// The checker of delivery is shown every way in which messages may arrive wrongly.
#include "cluster/chaos/history_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr NodeId kA{0}, kB{1};
const std::vector<std::string> kNames{"a", "b"};

// Messages from a to b, told by their contents: 's' is sent, 'd' delivered.
struct Told {
  char what;
  const char* contents;
};
std::vector<std::string> check(const std::vector<Told>& told, bool complete = true) {
  MessageHistory history;
  Instant now = kRunStart;
  for (const auto& [what, contents] : told) {
    Payload message;
    for (const char* c = contents; *c != '\0'; ++c)
      message.bytes.push_back(static_cast<std::byte>(*c));
    now += nanoseconds(1);
    if (what == 's')
      history.sent(kA, kB, message, now);
    else
      history.delivered(kA, kB, message, now);
  }
  return check_history(history.events(), complete, kNames);
}

TEST(HistoryCheck, HasNothingToSayOfWhatArrivesInOrder) {
  EXPECT_THAT(
      check({{'s', "one"}, {'s', "two"}, {'d', "one"}, {'s', "two"}, {'d', "two"}, {'d', "two"}}),
      IsEmpty());
  EXPECT_THAT(check({}), IsEmpty());
}

TEST(HistoryCheck, NamesWhatCameTwice) {
  EXPECT_THAT(check({{'s', "one"}, {'s', "two"}, {'d', "one"}, {'d', "one"}, {'d', "two"}}),
              ElementsAre("of the messages from a to b, number 0 came a second time, in place of "
                          "number 1"));
}

TEST(HistoryCheck, NamesWhatOvertook) {
  EXPECT_THAT(check({{'s', "one"}, {'s', "two"}, {'d', "two"}, {'d', "one"}}),
              ElementsAre("of the messages from a to b, number 1 came in place of number 0"));
}

TEST(HistoryCheck, NamesWhatWasChanged) {
  EXPECT_THAT(check({{'s', "one"}, {'d', "oen"}}),
              ElementsAre("of the messages from a to b, number 0 was sent with 3 bytes and came "
                          "with 3 others"));
}

TEST(HistoryCheck, NamesWhatWasNeverSent) {
  EXPECT_THAT(check({{'s', "one"}, {'d', "one"}, {'d', "more"}}),
              ElementsAre("of the messages from a to b, number 1 of 4 bytes was never sent"));
}

TEST(HistoryCheck, NamesWhatCameTooEarly) {
  EXPECT_THAT(check({{'d', "one"}, {'s', "one"}}),
              ElementsAre("of the messages from a to b, number 0 came before it was sent"));
}

TEST(HistoryCheck, NamesWhatNeverCameToACompleteRun) {
  EXPECT_THAT(check({{'s', "one"}, {'s', "two"}, {'d', "one"}}),
              ElementsAre("of the messages from a to b, 1 of 2 never came"));
  EXPECT_THAT(check({{'s', "one"}, {'s', "two"}, {'d', "one"}}, false), IsEmpty());
}

TEST(HistoryCheck, TellsBytesThatOnlyHaveASizeByTheirNumber) {
  MessageHistory history;
  history.sent(kA, kB, Payload{{}, 5}, kRunStart);
  history.delivered(kA, kB, Payload{{}, 6}, kRunStart);
  EXPECT_EQ(check_history(history.events(), true, kNames).size(), 1u);
}

}  // namespace
}  // namespace soliton
