#include "node/traffic/pattern.h"

#include <algorithm>
#include <cstring>

#include "protocol/base/rng.h"

namespace soliton {
namespace {

constexpr std::uint64_t kStride = 0x9e3779b97f4a7c15ull;  // 2^64 over the golden ratio, odd

std::uint64_t first_word(PatternKey key) {
  return mix64(key.seed ^ mix64(std::uint64_t{index(key.origin)} << 32 | key.number));
}

}  // namespace

void append_pattern(PatternKey key, std::uint64_t bytes, Payload& out) {
  const std::size_t before = out.bytes.size();
  out.bytes.resize(before + bytes);
  std::byte* const to = out.bytes.data() + before;
  std::uint64_t word = first_word(key);
  for (std::uint64_t at = 0; at < bytes; at += sizeof word, word += kStride)
    std::memcpy(to + at, &word, std::min<std::uint64_t>(sizeof word, bytes - at));
}

bool holds_pattern(PatternKey key, std::span<const std::byte> bytes) {
  std::uint64_t word = first_word(key);
  std::uint64_t wrong = 0;
  std::size_t at = 0;
  for (; at + sizeof word <= bytes.size(); at += sizeof word, word += kStride) {
    std::uint64_t got;
    std::memcpy(&got, bytes.data() + at, sizeof got);
    wrong |= got ^ word;
  }
  const std::size_t rest = bytes.size() - at;  // of no bytes there is no address to compare at
  return wrong == 0 && (rest == 0 || std::memcmp(bytes.data() + at, &word, rest) == 0);
}

}  // namespace soliton
