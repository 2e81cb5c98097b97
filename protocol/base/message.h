// Messages of a process for people and logs, on standard error.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace soliton {

// Writes `text` to standard error as it is. Text that cannot be written, because the descriptor is
// closed, full, or a terminal that is gone, is lost: a message never ends a process and never
// throws. May be called from any thread.
void message_raw(std::string_view text) noexcept;
// The same for text that may quote files or names: escaped_lines() of it.
void message(std::string_view text);

template <typename... Arguments>
void message(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  message(std::string_view(fmt::format(format, std::forward<Arguments>(arguments)...)));
}

}  // namespace soliton
