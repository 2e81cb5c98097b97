#include "node/traffic/pattern.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "protocol/base/check.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

constexpr std::uint64_t kStride = 0x9e3779b97f4a7c15ull;  // 2^64 over the golden ratio, odd
constexpr std::size_t kWord = sizeof(std::uint64_t);

// The low bytes of a word come first, so the first bytes of a sum are the sum of the first bytes.
static_assert(std::endian::native == std::endian::little);

void add_word(std::byte* at, std::uint64_t more, std::size_t bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, bytes);
  word += more;
  std::memcpy(at, &word, bytes);
}

}  // namespace

Pattern Pattern::of(PatternKey key) {
  return {mix64(key.seed ^ mix64(std::uint64_t{index(key.origin)} << 32 | key.number)), kStride};
}

void Pattern::append_to(Payload& out, std::uint64_t bytes) const {
  const std::size_t before = out.bytes.size();
  out.bytes.resize(before + bytes);
  std::byte* const to = out.bytes.data() + before;
  std::uint64_t word = first;
  for (std::uint64_t at = 0; at < bytes; at += kWord, word += stride)
    std::memcpy(to + at, &word, std::min<std::uint64_t>(kWord, bytes - at));
}

void Pattern::add_to(std::span<std::byte> bytes) const {
  std::uint64_t word = first;
  std::size_t at = 0;
  for (; at + kWord <= bytes.size(); at += kWord, word += stride)
    add_word(bytes.data() + at, word, kWord);
  if (at < bytes.size()) add_word(bytes.data() + at, word, bytes.size() - at);
}

bool Pattern::is_at(std::span<const std::byte> bytes) const {
  std::uint64_t word = first;
  std::uint64_t wrong = 0;
  std::size_t at = 0;
  for (; at + kWord <= bytes.size(); at += kWord, word += stride) {
    std::uint64_t got;
    std::memcpy(&got, bytes.data() + at, sizeof got);
    wrong |= got ^ word;
  }
  const std::size_t rest = bytes.size() - at;  // of no bytes there is no address to compare at
  return wrong == 0 && (rest == 0 || std::memcmp(bytes.data() + at, &word, rest) == 0);
}

void add_words(std::span<const std::byte> more, std::span<std::byte> to) {
  SOLITON_CHECK(more.size() == to.size());
  for (std::size_t at = 0; at < to.size(); at += kWord) {
    const std::size_t bytes = std::min(kWord, to.size() - at);
    std::uint64_t word = 0;
    std::memcpy(&word, more.data() + at, bytes);
    add_word(to.data() + at, word, bytes);
  }
}

}  // namespace soliton
