// A machine that is short of something, told apart from a bug: by what the operating system said,
// and by an exception that nobody caught. Exceptions of libraries are caught at their seams, so
// what is left of them is one or the other.
#pragma once

#include <exception>
#include <optional>
#include <string>

#include "protocol/base/result.h"

namespace soliton {

// Of a call that failed with the error `number`: "what: reason". kNotWritten for a limit on the
// sizes of files, which shared memory has as well; otherwise kEnvironment.
Error shortage(const std::string& what, int number);

// kEnvironment when the machine had no memory or no thread to give; nothing for a bug.
std::optional<Error> shortage_of(const std::exception_ptr& exception);

// Tells on standard error what the exception means. The exit status: 7, or 70 for a bug.
int report_uncaught(const std::exception_ptr& exception) noexcept;

// From now on an exception that leaves a thread, or a function that must not throw, ends the
// process with that report and status instead of a signal. Call first of all in main().
void report_on_terminate();

}  // namespace soliton
