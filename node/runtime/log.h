// The log of a process: lines with the time of day (UTC), a level and, once the run has begun, the time
// of the run.
//
//   Log log(STDERR_FILENO);
//   log.info("fpga0: ready as process {}", getpid());
//   log.set_time(now);
//   log.warn("3 packets of strangers");
//
//   2026-11-29 19:40:01.123 info fpga0: ready as process 4711
//   2026-11-29 19:40:02.456 warning t=38.4 us 3 packets of strangers
//
// Drivers and programs log; a state machine never does. A log that finds no room, or cannot be
// written, loses lines and ends nothing. What a line quotes is made safe to show (escaped()). Any
// thread may log; set_time() is for the thread that drives the run.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "protocol/base/time.h"

namespace soliton {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

// What SOLITON_LOG says: debug, info, warning or error. Info when it is not set or says anything else.
LogLevel log_level_of_environment();

class Log {
 public:
  // Appends to `descriptor`, which outlives the object; below 0 nothing is written. Lines below
  // `least` are left out.
  explicit Log(int descriptor, LogLevel least = log_level_of_environment());
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // The time of the run that lines carry from now on.
  void set_time(Instant now);

  // Each line of `text` becomes one of the log. Lines are written at warnings and errors at the
  // latest, and when the object ends.
  void write(LogLevel level, std::string_view text) noexcept;
  void flush() noexcept;

  template <typename... Arguments>
  void info(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    write(LogLevel::kInfo, fmt::format(format, std::forward<Arguments>(arguments)...));
  }
  template <typename... Arguments>
  void warn(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    write(LogLevel::kWarning, fmt::format(format, std::forward<Arguments>(arguments)...));
  }
  template <typename... Arguments>
  void error(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    write(LogLevel::kError, fmt::format(format, std::forward<Arguments>(arguments)...));
  }

 private:
  struct Impl;
  std::unique_ptr<Impl> x_;
};

}  // namespace soliton
