// The input of a fuzz target, read from the front; zeros behind its end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace soliton {

class FuzzBytes {
 public:
  FuzzBytes(const std::uint8_t* data, std::size_t size) : bytes_(data, size) {}

  bool done() const { return bytes_.empty(); }
  std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < bytes && !bytes_.empty(); ++i) {
      out |= std::uint64_t{bytes_.front()} << (8 * i);
      bytes_ = bytes_.subspan(1);
    }
    return out;
  }
  // At most so many.
  std::span<const std::uint8_t> take(std::size_t most) {
    const auto out = bytes_.first(std::min(most, bytes_.size()));
    bytes_ = bytes_.subspan(out.size());
    return out;
  }
  std::string text(std::size_t most = SIZE_MAX) {
    const auto out = take(most);
    return {out.begin(), out.end()};
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace soliton
