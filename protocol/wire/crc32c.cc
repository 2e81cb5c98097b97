#include "protocol/wire/crc32c.h"

#include <array>
#include <cstring>

namespace soliton {
namespace {

constexpr std::uint32_t kReflectedPolynomial = 0x82f63b78;

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables t{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? kReflectedPolynomial : 0);
    t[0][i] = crc;
  }
  for (std::size_t slice = 1; slice < 8; ++slice)
    for (std::uint32_t i = 0; i < 256; ++i)
      t[slice][i] = (t[slice - 1][i] >> 8) ^ t[0][t[slice - 1][i] & 0xff];
  return t;
}

constexpr Tables kTables = make_tables();

std::uint32_t byte_at(std::span<const std::byte> data, std::size_t i) {
  return std::to_integer<std::uint32_t>(data[i]);
}

std::uint32_t little_endian_32(std::span<const std::byte> data, std::size_t at) {
  return byte_at(data, at) | byte_at(data, at + 1) << 8 | byte_at(data, at + 2) << 16 |
         byte_at(data, at + 3) << 24;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::span<const std::byte> data,
                                                             std::uint32_t previous) {
  std::uint64_t crc = ~previous;
  std::size_t at = 0;
  for (; at + 8 <= data.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, data.data() + at, sizeof word);
    crc = __builtin_ia32_crc32di(crc, word);
  }
  auto narrow = static_cast<std::uint32_t>(crc);
  for (; at < data.size(); ++at)
    narrow = __builtin_ia32_crc32qi(narrow, std::to_integer<unsigned char>(data[at]));
  return ~narrow;
}
#endif

using Function = std::uint32_t (*)(std::span<const std::byte>, std::uint32_t);

Function best_function() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("sse4.2")) return crc32c_sse42;
#endif
  return crc32c_portable;
}

}  // namespace

std::uint32_t crc32c_portable(std::span<const std::byte> data, std::uint32_t previous) {
  std::uint32_t crc = ~previous;
  std::size_t at = 0;
  for (; at + 8 <= data.size(); at += 8) {
    const std::uint32_t low = crc ^ little_endian_32(data, at);
    const std::uint32_t high = little_endian_32(data, at + 4);
    crc = kTables[7][low & 0xff] ^ kTables[6][(low >> 8) & 0xff] ^ kTables[5][(low >> 16) & 0xff] ^
          kTables[4][low >> 24] ^ kTables[3][high & 0xff] ^ kTables[2][(high >> 8) & 0xff] ^
          kTables[1][(high >> 16) & 0xff] ^ kTables[0][high >> 24];
  }
  for (; at < data.size(); ++at) crc = (crc >> 8) ^ kTables[0][(crc ^ byte_at(data, at)) & 0xff];
  return ~crc;
}

std::uint32_t crc32c(std::span<const std::byte> data, std::uint32_t previous) {
  static const Function function = best_function();
  return function(data, previous);
}

}  // namespace soliton
