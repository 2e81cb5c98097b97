// The worked examples of docs/wire-format.md, read from the page: what it prints is what the codec
// writes.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "protocol/wire/arrival_bitmap.h"
#include "protocol/wire/ltl_header.h"
#include "protocol/wire/packet_security.h"

namespace soliton {
namespace {

std::string page() {
  std::ifstream file(SOLITON_SOURCE_DIR "/docs/wire-format.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The bytes of the fenced block whose opening line is "```hex <name>".
std::vector<std::byte> hex_block(const std::string& name) {
  const std::string text = page();
  const std::string open = "```hex " + name + "\n";
  const std::size_t from = text.find(open);
  if (from == std::string::npos) return {};
  const std::size_t begin = from + open.size();
  std::istringstream words(text.substr(begin, text.find("```", begin) - begin));
  std::vector<std::byte> out;
  for (std::string word; words >> word;)
    out.push_back(static_cast<std::byte>(std::stoi(word, nullptr, 16)));
  return out;
}

LtlHeader example_data() {
  LtlHeader h;
  h.kind = PacketKind::kData;
  h.flags = packet_flag::kLast | packet_flag::kAckNow;
  h.index = 5;
  h.cookie = 0xc0de;
  h.length = 11;
  h.sequence = 0xffff'ffff;
  h.ack = 1001;
  h.bitmap = 0b101;
  h.time_ns = 1'234'567;
  h.credit = 4096;
  h.channel = 3;
  return h;
}

Payload sealed(const LtlHeader& h, std::span<const std::byte> rest) {
  Payload packet;
  packet.bytes.resize(kLtlHeaderSize);
  encode(h, std::span<std::byte, kLtlHeaderSize>(packet.bytes.data(), kLtlHeaderSize));
  packet.append(rest);
  seal(packet);
  return packet;
}

TEST(WireFormatPage, DataExampleIsWhatTheCodecWrites) {
  static constexpr char kText[] = "eleven byte";
  const Payload packet = sealed(example_data(), std::as_bytes(std::span(kText, 11)));
  EXPECT_EQ(hex_block("data"), packet.bytes);
}

TEST(WireFormatPage, DataExampleDecodesToTheFieldsItNames) {
  const Payload packet{hex_block("data"), 0};
  auto header = decode(packet.bytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(verify(*header, packet), std::nullopt);
  header->crc = 0;
  EXPECT_EQ(*header, example_data());
}

TEST(WireFormatPage, NackExampleNamesItsGaps) {
  const Payload packet{hex_block("nack"), 0};
  const auto header = decode(packet.bytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(verify(*header, packet), std::nullopt);
  EXPECT_EQ(header->kind, PacketKind::kNack);
  EXPECT_EQ(header->ack, 100u);
  const ArrivalBitmap arrived(header->bitmap, std::span(packet.bytes).subspan(kLtlHeaderSize));
  // 101 and 102 arrived, 103 is missing, 104 to 140 arrived, 141 to 143 are missing, 144 arrived.
  EXPECT_EQ(arrived.size(), 144u - 100);
  for (std::uint32_t s = 101; s <= 144; ++s)
    EXPECT_EQ(arrived.test(s - 101), s != 103 && (s < 141 || s > 143)) << s;
}

// The security block is between header and payload: the checksum leaves it out, the tag is over
// everything before itself.
TEST(WireFormatPage, PackedExampleWithItsTagIsWhatTheCodecWrites) {
  LtlHeader h;
  h.kind = PacketKind::kData;
  h.flags = packet_flag::kFirst | packet_flag::kLast | packet_flag::kPacked;
  h.index = 1;
  h.cookie = 0xbeef;
  h.length = 15;
  h.sequence = 7;
  h.time_ns = 5000;
  h.credit = 4096;
  h.channel = 1;
  constexpr std::size_t kPrefix = kLtlHeaderSize + 16;
  std::vector<std::byte> packet(kPrefix);
  for (const std::string& message : {std::string("four"), std::string("seventh")}) {
    packet.push_back(std::byte{0});
    packet.push_back(static_cast<std::byte>(message.size()));
    for (const char c : message) packet.push_back(static_cast<std::byte>(c));
  }
  encode(h, std::span(packet).first<kLtlHeaderSize>());
  seal(packet, kPrefix);
  store_big_64(packet.data() + kLtlHeaderSize, 9);
  std::array<std::byte, 16> key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::byte>(i);
  store_big_64(packet.data() + kLtlHeaderSize + 8,
               siphash_2_4(sip_key(key), std::span(packet).first(kLtlHeaderSize + 8)));
  EXPECT_EQ(hex_block("packed"), packet);
}

}  // namespace
}  // namespace soliton
