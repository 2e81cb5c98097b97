// Always-on assertions for bugs: print the expression, its operands and the place, then end with
// status 70.
#pragma once

#include <fmt/format.h>

#include <string>

namespace soliton {

// Sets what a report of a failed assertion adds so that the failure can be reproduced: the seed and
// the command line. Call once, in main(), before threads start.
void set_check_context(std::string context);

[[noreturn]] void check_failed(const char* expression, const std::string& detail,
                               const char* file = __builtin_FILE(), int line = __builtin_LINE());

}  // namespace soliton

#define SOLITON_CHECK(condition)                               \
  do {                                                         \
    if (!(condition)) ::soliton::check_failed(#condition, ""); \
  } while (false)

// SOLITON_CHECK_MSG(a <= b, "{} > {}", a, b)
#define SOLITON_CHECK_MSG(condition, ...)                                              \
  do {                                                                                 \
    if (!(condition)) ::soliton::check_failed(#condition, ::fmt::format(__VA_ARGS__)); \
  } while (false)
