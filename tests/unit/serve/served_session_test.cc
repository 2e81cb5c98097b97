#include "cluster/serve/served_session.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/serve/sample_model.h"

namespace soliton {
namespace {

std::vector<ir::Array> number(std::int32_t value) {
  return {ir::Array::of<std::int32_t>({1}, {value})};
}

TEST(ServedSession, RequestsAreTakenInTheirOrderAndKept) {
  ServedSession session(8);
  std::vector<std::uint32_t> answered;
  const auto done = [&](const HostRecord* record) { answered.push_back(index(record->request)); };
  EXPECT_FALSE(session.take(kRunStart, false));
  ASSERT_EQ(session.submit(number(5), done), ServedSession::Submitted::kYes);
  ASSERT_EQ(session.submit(number(6), done), ServedSession::Submitted::kYes);
  EXPECT_TRUE(session.take(kRunStart, true));
  EXPECT_TRUE(session.take(kRunStart + picoseconds(7), false));
  EXPECT_EQ(session.inputs(0)[0].as<std::int32_t>()[0], 5);
  EXPECT_EQ(session.inputs(1)[0].as<std::int32_t>()[0], 6);
  session.answer(sample::record(1));
  session.answer(sample::record(0));
  EXPECT_EQ(answered, (std::vector<std::uint32_t>{1, 0}));
  EXPECT_EQ(session.arrivals(), (std::vector<Instant>{kRunStart, kRunStart + picoseconds(7)}));
}

TEST(ServedSession, AsManyAreOpenAsTheQueueHas) {
  ServedSession session(2);
  const auto done = [](const HostRecord*) {};
  EXPECT_EQ(session.submit(number(0), done), ServedSession::Submitted::kYes);
  EXPECT_EQ(session.submit(number(1), done), ServedSession::Submitted::kYes);
  EXPECT_EQ(session.submit(number(2), done), ServedSession::Submitted::kFull);
  EXPECT_TRUE(session.take(kRunStart, false));
  EXPECT_EQ(session.submit(number(2), done), ServedSession::Submitted::kFull);
  session.answer(sample::record(0));
  EXPECT_EQ(session.open(), 1u);
  EXPECT_EQ(session.submit(number(2), done), ServedSession::Submitted::kYes);
}

TEST(ServedSession, ThatIsClosedHandsOutWhatItHas) {
  ServedSession session(2);
  ASSERT_EQ(session.submit(number(0), [](const HostRecord*) {}), ServedSession::Submitted::kYes);
  session.close();
  EXPECT_FALSE(session.is_over());
  EXPECT_EQ(session.submit(number(1), {}), ServedSession::Submitted::kOver);
  EXPECT_TRUE(session.take(kRunStart, true));
  EXPECT_TRUE(session.is_over());
  EXPECT_FALSE(session.take(kRunStart, true));
}

TEST(ServedSession, WhoWaitsIsWokenByTheEnd) {
  ServedSession session(2);
  std::thread closes([&] { session.close(); });
  EXPECT_FALSE(session.take(kRunStart, true));
  closes.join();
}

TEST(ServedSession, ThatIsGivenUpTellsAllThatWait) {
  ServedSession session(3);
  int told = 0;
  const auto done = [&](const HostRecord* record) { told += record == nullptr; };
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(session.submit(number(i), done), ServedSession::Submitted::kYes);
  ASSERT_TRUE(session.take(kRunStart, false));
  session.give_up();
  EXPECT_EQ(told, 3);
  session.give_up();
  EXPECT_EQ(told, 3);
}

}  // namespace
}  // namespace soliton
