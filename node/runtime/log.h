// The log of a process: lines with the time of day (UTC), a level and, once the run has begun, the
// time of the run.
//
//   Log log(STDERR_FILENO);
//   log.info("fpga0: ready as process {}", getpid());
//   log.set_time(now);
//   log.warn("3 packets of strangers");
//
//   2026-11-29 19:40:01.123 info fpga0: ready as process 4711
//   2026-11-29 19:40:02.456 warning t=38.4 us 3 packets of strangers
//
// Drivers and programs log; a state machine never does. If lines cannot be written or find no room
// they are lost, and the process goes on. Text from outside is made safe to show (escaped()). Any
// thread may log; set_time() is for the thread that drives the run.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "protocol/base/time.h"

namespace soliton {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

// The level that SOLITON_LOG names: debug, info, warning or error. Info if it is unset or names no
// level.
LogLevel log_level_of_environment();

class Log {
 public:
  // Appends to `descriptor`, which must outlive the object; if it is negative nothing is written.
  // Lines below `least` are left out.
  explicit Log(int descriptor, LogLevel least = log_level_of_environment());
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // Sets the time of the run that lines carry from now on.
  void set_time(Instant now);

  // Each line of `text` becomes a line of the log. Lines are buffered; a warning, an error and the
  // end of the object write them out.
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
