#include "protocol/base/message.h"

#include <cstdio>

#include "protocol/base/text.h"

namespace soliton {

void message_raw(std::string_view text) noexcept {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr));
}

void message(std::string_view text) { message_raw(escaped_lines(text)); }

}  // namespace soliton
