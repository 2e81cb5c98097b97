#include "protocol/base/located.h"

#include <charconv>
#include <optional>

namespace soliton {
namespace {

// A number followed by a colon at the front of `rest`, which loses both.
std::optional<int> take_number(std::string_view& rest) {
  int number = 0;
  const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  const auto size = static_cast<std::size_t>(end - rest.data());
  if (problem != std::errc{} || size == 0 || size >= rest.size() || rest[size] != ':')
    return std::nullopt;
  rest.remove_prefix(size + 1);
  return number;
}

}  // namespace

LocatedMessage split_located(std::string_view message) {
  for (std::size_t colon = message.find(':'); colon != std::string_view::npos;
       colon = message.find(':', colon + 1)) {
    std::string_view rest = message.substr(colon + 1);
    const std::optional<int> line = take_number(rest);
    if (!line || *line < 1) continue;
    const std::optional<int> column = take_number(rest);
    if (!column || !rest.starts_with(' ')) continue;
    return {message.substr(0, colon), *line, *column, rest.substr(1)};
  }
  return {"", 0, 0, message};
}

}  // namespace soliton
