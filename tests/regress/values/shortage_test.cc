// A machine that is short of memory or threads is no bug of the program: status 7, from any thread.
#include "protocol/base/shortage.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <new>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace soliton {
namespace {

template <typename E>
std::optional<Error> thrown(E exception) {
  return shortage_of(std::make_exception_ptr(exception));
}

TEST(Shortage, MemoryAndThreadsAreTheEnvironments) {
  const auto memory = thrown(std::bad_alloc());
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->code, ErrorCode::kEnvironment);
  EXPECT_NE(memory->message.find("not enough memory"), std::string::npos);
  const auto threads =
      thrown(std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again)));
  ASSERT_TRUE(threads);
  EXPECT_EQ(threads->code, ErrorCode::kEnvironment);
  EXPECT_FALSE(thrown(std::logic_error("a bug")));
  EXPECT_FALSE(thrown(std::system_error(std::make_error_code(std::errc::bad_message))));
  EXPECT_FALSE(shortage_of(nullptr));
}

TEST(Shortage, ALimitOnFileSizesIsOneOfWriting) {
  EXPECT_EQ(shortage("x", EFBIG).code, ErrorCode::kNotWritten);
  EXPECT_EQ(shortage("x", EAGAIN).code, ErrorCode::kEnvironment);
  EXPECT_EQ(shortage("cannot start x", ENOMEM).message, "cannot start x: Cannot allocate memory");
}

TEST(Shortage, AnExceptionThatLeavesAThreadIsAStatusAndNoSignal) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        report_on_terminate();
        std::thread([] { throw std::bad_alloc(); }).join();
      },
      testing::ExitedWithCode(7), "soliton: not enough memory");
  EXPECT_EXIT(
      {
        report_on_terminate();
        std::thread([] { throw std::logic_error("a bug"); }).join();
      },
      testing::ExitedWithCode(70), "soliton: internal error: a bug");
}

}  // namespace
}  // namespace soliton
