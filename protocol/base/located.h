// Messages with the place of their cause.
#pragma once

#include <string>
#include <string_view>

namespace soliton {

// "file:line:column: message"; `message` alone when `position` is "".
inline std::string located(const std::string& position, const std::string& message) {
  return position.empty() ? message : position + ": " + message;
}

// The parts of a located message. Line 0: the message has no place in a file, and `text` is the
// whole message.
struct LocatedMessage {
  std::string_view file;
  int line = 0;
  int column = 0;
  std::string_view text;
};
LocatedMessage split_located(std::string_view message);

}  // namespace soliton
