#include "protocol/wire/crc32c.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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
std::uint64_t load_64(const std::byte* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// All functions below work on the register as it is between bytes: not inverted.
__attribute__((target("sse4.2"))) inline std::uint32_t extend_sse42(std::uint32_t state,
                                                                    const std::byte* at,
                                                                    std::size_t size) {
  std::uint64_t crc = state;
  for (; size >= 8; size -= 8, at += 8) crc = __builtin_ia32_crc32di(crc, load_64(at));
  auto narrow = static_cast<std::uint32_t>(crc);
  for (; size > 0; --size, ++at)
    narrow = __builtin_ia32_crc32qi(narrow, std::to_integer<unsigned char>(*at));
  return narrow;
}

__attribute__((target("sse4.2"))) inline std::uint32_t extend_header_sse42(
    const std::byte* header) {
  std::uint64_t crc = 0xffff'ffff;
  for (int word = 0; word < 3; ++word)
    crc = __builtin_ia32_crc32di(crc, load_64(header + 8 * word));
  return static_cast<std::uint32_t>(
      __builtin_ia32_crc32di(crc, load_64(header + 24) & 0xffff'ffff));
}

// x^n modulo the polynomial, bits reflected and moved up by one: the factor that carries the
// reflected remainder of 64 bits on by n + 31 bits (Gopal et al., "Fast CRC Computation for Generic
// Polynomials Using PCLMULQDQ Instruction", Intel 2009).
constexpr std::uint64_t fold_factor(std::uint32_t n) {
  std::uint32_t power = 0x8000'0000;  // x^0
  for (; n > 0; --n) power = (power >> 1) ^ ((power & 1) ? kReflectedPolynomial : 0);
  return std::uint64_t{power} << 1;
}

// Factors that move 128 bits on by `bits`: of the low 64 bits, which come first, and of the high.
struct FoldBy {
  std::uint64_t low;
  std::uint64_t high;
};
constexpr FoldBy fold_by(std::uint32_t bits) {
  return {fold_factor(bits + 32), fold_factor(bits - 32)};
}
constexpr FoldBy kBy2048 = fold_by(2048);
constexpr FoldBy kBy512 = fold_by(512);
constexpr FoldBy kBy384 = fold_by(384);
constexpr FoldBy kBy256 = fold_by(256);
constexpr FoldBy kBy128 = fold_by(128);

#define SOLITON_AVX512 __attribute__((target("avx512f,avx512dq,vpclmulqdq,sse4.2,pclmul")))

SOLITON_AVX512 __m512i fold(__m512i from, __m512i onto, FoldBy by) {
  const __m512i factors =
      _mm512_set_epi64(static_cast<long long>(by.high), static_cast<long long>(by.low),
                       static_cast<long long>(by.high), static_cast<long long>(by.low),
                       static_cast<long long>(by.high), static_cast<long long>(by.low),
                       static_cast<long long>(by.high), static_cast<long long>(by.low));
  const __m512i low = _mm512_clmulepi64_epi128(from, factors, 0x00);
  const __m512i high = _mm512_clmulepi64_epi128(from, factors, 0x11);
  return _mm512_ternarylogic_epi64(low, high, onto, 0x96);
}

SOLITON_AVX512 __m128i fold(__m128i from, __m128i onto, FoldBy by) {
  const __m128i factors =
      _mm_set_epi64x(static_cast<long long>(by.high), static_cast<long long>(by.low));
  const __m128i low = _mm_clmulepi64_si128(from, factors, 0x00);
  const __m128i high = _mm_clmulepi64_si128(from, factors, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), onto);
}

// Four lanes of 512 bits, 256 bytes a turn. It is worth its beginning and end from here on.
constexpr std::size_t kFoldBytesMin = 512;

SOLITON_AVX512 std::uint32_t extend_avx512(std::uint32_t state, const std::byte* at,
                                           std::size_t size) {
  __m512i lane[4];
  for (int i = 0; i < 4; ++i) lane[i] = _mm512_loadu_si512(at + 64 * i);
  lane[0] =
      _mm512_xor_si512(lane[0], _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(state))));
  at += 256, size -= 256;
  for (; size >= 256; size -= 256, at += 256)
    for (int i = 0; i < 4; ++i) lane[i] = fold(lane[i], _mm512_loadu_si512(at + 64 * i), kBy2048);
  __m512i all = fold(lane[0], lane[1], kBy512);
  all = fold(all, lane[2], kBy512);
  all = fold(all, lane[3], kBy512);
  __m128i rest = _mm512_extracti64x2_epi64(all, 3);
  rest = fold(_mm512_extracti64x2_epi64(all, 0), rest, kBy384);
  rest = fold(_mm512_extracti64x2_epi64(all, 1), rest, kBy256);
  rest = fold(_mm512_extracti64x2_epi64(all, 2), rest, kBy128);
  std::uint64_t crc = __builtin_ia32_crc32di(0, static_cast<std::uint64_t>(rest[0]));
  crc = __builtin_ia32_crc32di(crc, static_cast<std::uint64_t>(rest[1]));
  return extend_sse42(static_cast<std::uint32_t>(crc), at, size);
}

__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::span<const std::byte> data,
                                                             std::uint32_t previous) {
  return ~extend_sse42(~previous, data.data(), data.size());
}
SOLITON_AVX512 std::uint32_t crc32c_avx512(std::span<const std::byte> data,
                                           std::uint32_t previous) {
  return ~extend_avx512(~previous, data.data(), data.size());
}
__attribute__((target("sse4.2"))) std::uint32_t packet_sse42(std::span<const std::byte, 32> header,
                                                             std::span<const std::byte> rest) {
  return ~extend_sse42(extend_header_sse42(header.data()), rest.data(), rest.size());
}
SOLITON_AVX512 std::uint32_t packet_avx512(std::span<const std::byte, 32> header,
                                           std::span<const std::byte> rest) {
  const std::uint32_t state = extend_header_sse42(header.data());
  return ~extend_avx512(state, rest.data(), rest.size());
}
#endif

std::uint32_t packet_portable(std::span<const std::byte, 32> header,
                              std::span<const std::byte> rest) {
  static constexpr std::array<std::byte, 4> kZeros{};
  return crc32c_portable(rest, crc32c_portable(kZeros, crc32c_portable(header.first<28>())));
}

// What this processor has, known before main(). Calls below are direct: an indirect one is guessed
// anew after each system call, and a small packet's checksum takes less than that.
enum class Best : std::uint8_t { kPortable, kSse42, kAvx512 };

Best best_here() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("sse4.2")) return Best::kPortable;
  const bool folds = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                     __builtin_cpu_supports("vpclmulqdq");
  return folds ? Best::kAvx512 : Best::kSse42;
#else
  return Best::kPortable;
#endif
}

const Best kBest = best_here();

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
#if defined(__x86_64__)
  if (kBest == Best::kAvx512 && data.size() >= kFoldBytesMin) return crc32c_avx512(data, previous);
  if (kBest != Best::kPortable) return crc32c_sse42(data, previous);
#endif
  return crc32c_portable(data, previous);
}

std::uint32_t packet_crc32c(std::span<const std::byte, 32> header,
                            std::span<const std::byte> rest) {
#if defined(__x86_64__)
  if (kBest == Best::kAvx512 && rest.size() >= kFoldBytesMin) return packet_avx512(header, rest);
  if (kBest != Best::kPortable) return packet_sse42(header, rest);
#endif
  return packet_portable(header, rest);
}

}  // namespace soliton
