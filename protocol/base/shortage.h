// Distinguishes a machine that is short of a resource from a bug, by the error of a system call or
// by an uncaught exception. Exceptions of libraries are caught where they are called, so an
// uncaught one means either of the two.
#pragma once

#include <exception>
#include <optional>
#include <string>

#include "protocol/base/result.h"

namespace soliton {

// The error of a system call that failed with `number` (errno): "what: reason". kNotWritten for a
// limit on the sizes of files, which shared memory has as well; otherwise kEnvironment.
Error shortage(const std::string& what, int number);

// kEnvironment if the machine had no memory or thread left; nullopt for a bug.
std::optional<Error> shortage_of(const std::exception_ptr& exception);

// Reports on standard error what the exception means. Returns the exit status: 7, or 70 for a bug.
int report_uncaught(const std::exception_ptr& exception) noexcept;

// From now on an exception that leaves a thread, or a function that must not throw, ends the
// process with that report and status instead of a signal. Call first of all in main().
void report_on_terminate();

}  // namespace soliton
