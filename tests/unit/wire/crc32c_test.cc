#include "protocol/wire/crc32c.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "protocol/base/rng.h"

namespace soliton {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// Vectors of RFC 3720, appendix B.4.
TEST(Crc32c, KnownVectors) {
  const std::vector<std::byte> zeros(32, std::byte{0}), ones(32, std::byte{0xff});
  std::vector<std::byte> rising(32);
  for (std::size_t i = 0; i < 32; ++i) rising[i] = static_cast<std::byte>(i);
  for (const auto function : {crc32c, crc32c_portable}) {
    EXPECT_EQ(function(bytes_of("123456789"), 0), 0xe3069283u);
    EXPECT_EQ(function(zeros, 0), 0x8a9136aau);
    EXPECT_EQ(function(ones, 0), 0x62a8ab43u);
    EXPECT_EQ(function(rising, 0), 0x46dd794eu);
    EXPECT_EQ(function({}, 0), 0u);
  }
}

TEST(Crc32c, PortableTwinAgreesAtEveryLengthAlignmentAndSplit) {
  const Random r(1, "crc");
  std::vector<std::byte> data(300);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(r.bits(i));
  for (std::size_t from = 0; from < 9; ++from) {
    for (std::size_t length = 0; length < 200; ++length) {
      const auto part = std::span<const std::byte>(data).subspan(from, length);
      const std::uint32_t whole = crc32c(part);
      ASSERT_EQ(whole, crc32c_portable(part));
      ASSERT_EQ(whole, crc32c(part.subspan(length / 3), crc32c(part.first(length / 3))));
    }
  }
}

// Around the length from which 512 bits are folded at a time, and where its turns begin and end.
TEST(Crc32c, PortableTwinAgreesOnLongInput) {
  const Random r(2, "crc");
  std::vector<std::byte> data(9000);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(r.bits(i));
  for (std::size_t length = 480; length < 9000; length += length < 1100 ? 1 : 97) {
    const auto part = std::span<const std::byte>(data).subspan(length % 7, length - 7);
    ASSERT_EQ(crc32c(part, 0x1234'5678), crc32c_portable(part, 0x1234'5678)) << length;
  }
}

TEST(Crc32c, PacketIsHeaderWithoutItsSumThenTheRest) {
  const Random r(3, "crc");
  std::vector<std::byte> data(2000);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(r.bits(i));
  for (std::size_t length : {32, 33, 40, 96, 544, 1440, 2000}) {
    const auto packet = std::span<const std::byte>(data).first(length);
    std::vector<std::byte> cleared(packet.begin(), packet.end());
    for (std::size_t i = 28; i < 32; ++i) cleared[i] = std::byte{0};
    EXPECT_EQ(packet_crc32c(packet.first<32>(), packet.subspan(32)), crc32c_portable(cleared));
  }
}

}  // namespace
}  // namespace soliton
