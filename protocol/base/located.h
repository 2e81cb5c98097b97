// Messages with the place of their cause.
#pragma once

#include <string>

namespace soliton {

// "file:line:column: message"; `message` alone when `position` is "".
inline std::string located(const std::string& position, const std::string& message) {
  return position.empty() ? message : position + ": " + message;
}

}  // namespace soliton
