// Expected failures as values. Bugs are asserts (check.h); exceptions of libraries are caught where
// they are called and become such values.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace soliton {

// The kind of a failure. It determines the exit status (README.md, "exit status") and what the
// caller can do.
enum class ErrorCode {
  kInvalid,      // bad usage or input (2): change the input
  kDoesNotFit,   // no partition satisfies the memory budgets (3): more nodes or a narrower format
  kBroken,       // the cluster broke and did not recover (4)
  kNoProgress,   // nothing can happen any more, or a limit of time was reached (5)
  kNotWritten,   // results could not be written (6): free space, check permission
  kEnvironment,  // this machine is short of something: ports, limits, memory, permission (7)
  kCheckFailed,  // an expectation or check failed (1)
  kWouldBlock,   // no room now: retry after output was polled
};

struct Error {
  ErrorCode code = ErrorCode::kInvalid;
  std::string message;
};

// Exit status of a program that ends because of `code`.
int exit_status(ErrorCode code);

template <typename T>
using Result = tl::expected<T, Error>;
using Status = tl::expected<void, Error>;

inline tl::unexpected<Error> failure(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}
inline tl::unexpected<Error> invalid(std::string message) {
  return failure(ErrorCode::kInvalid, std::move(message));
}

// Errors found in one pass over an input, in the order found: callers report all of them at once.
struct Diagnostics {
  std::vector<Error> errors;

  bool empty() const { return errors.empty(); }
  void add(Error error) { errors.push_back(std::move(error)); }
  void add(ErrorCode code, std::string message) { errors.push_back({code, std::move(message)}); }
  void append(Diagnostics other);
  // The messages, one line per error.
  std::string text() const;
};

template <typename T>
using Checked = tl::expected<T, Diagnostics>;

// The candidate nearest to `name` by edit distance, or "" when none is close (more than a third of
// its letters differ).
std::string nearest_name(const std::string& name, const std::vector<std::string>& candidates);

}  // namespace soliton
