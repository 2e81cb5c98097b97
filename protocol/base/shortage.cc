#include "protocol/base/shortage.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <system_error>

#include "protocol/base/message.h"

namespace soliton {
namespace {

constexpr int kBugStatus = 70;

std::string words_of(const std::exception_ptr& exception) {
  try {
    if (exception) std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
  }
  return "ended without an exception that can be named";
}

void report_and_end() { std::_Exit(report_uncaught(std::current_exception())); }

}  // namespace

Error shortage(const std::string& what, int number) {
  if (number == EFBIG)
    return {ErrorCode::kNotWritten,
            fmt::format("{}: {} (what a file may have: ulimit -f)", what, std::strerror(number))};
  return {ErrorCode::kEnvironment, fmt::format("{}: {}", what, std::strerror(number))};
}

std::optional<Error> shortage_of(const std::exception_ptr& exception) {
  if (!exception) return std::nullopt;
  try {
    std::rethrow_exception(exception);
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::kEnvironment,
                 "not enough memory (what this process may use: ulimit -v, cgroups)"};
  } catch (const std::system_error& error) {
    const bool is_short = error.code() == std::errc::resource_unavailable_try_again ||
                          error.code() == std::errc::not_enough_memory;
    if (is_short)
      return Error{ErrorCode::kEnvironment,
                   fmt::format("not enough threads or memory: {} (what this process may use: "
                               "ulimit -u, ulimit -v, cgroups)",
                               error.code().message())};
  } catch (...) {
  }
  return std::nullopt;
}

int report_uncaught(const std::exception_ptr& exception) noexcept {
  try {
    if (const std::optional<Error> error = shortage_of(exception)) {
      message("soliton: {}\n", error->message);
      return exit_status(error->code);
    }
    message("soliton: internal error: {}\n", words_of(exception));
    return kBugStatus;
  } catch (...) {
    // Not even the words could be put together.
    message_raw("soliton: not enough memory\n");
    return exit_status(ErrorCode::kEnvironment);
  }
}

void report_on_terminate() { std::set_terminate(report_and_end); }

}  // namespace soliton
