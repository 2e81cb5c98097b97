#include "fabric/ltl/packet_guard.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace soliton {
namespace {

constexpr std::size_t kTagAt = kLtlHeaderSize + kPacketNumberSize;

// The key is that of one direction of one session, so the number alone makes it unique.
std::array<std::byte, 12> nonce_of(const std::byte* packet) {
  std::array<std::byte, 12> nonce{};
  std::copy_n(packet + kLtlHeaderSize, kPacketNumberSize, nonce.begin() + 4);
  return nonce;
}

}  // namespace

void PacketGuard::set_keys(const Key& send, const Key& receive) {
  send_key_ = send;
  receive_key_ = receive;
  send_sip_ = sip_key(std::span<const std::byte, 32>(send).first<16>());
  receive_sip_ = sip_key(std::span<const std::byte, 32>(receive).first<16>());
  next_number_ = 0;
  seen_ = {};
}

std::uint64_t PacketGuard::header_tag(const std::byte* packet, const SipKey& key) const {
  SipHash hash(key);
  // Not unrolled: after a system call its instructions are fetched anew, and a kilobyte of them
  // takes longer than the loop.
#pragma GCC unroll 1
  for (std::size_t at = 0; at < kTagAt; at += 8) {
    std::uint64_t word;
    std::memcpy(&word, packet + at, 8);
    hash.word(word);
  }
  return hash.finish(0, kTagAt);
}

void PacketGuard::protect(std::span<std::byte> packet) {
  SOLITON_CHECK(next_number_ <= kPacketNumberMax);
  store_big_64(packet.data() + kLtlHeaderSize, next_number_++);
  if (mode_ == AuthMode::kHeader) {
    store_big_64(packet.data() + kTagAt, header_tag(packet.data(), send_sip_));
    return;
  }
  const std::size_t payload = kLtlHeaderSize + security_bytes(mode_);
  cipher_->seal(send_key_, nonce_of(packet.data()), packet.first(kTagAt), packet.subspan(payload),
                packet.subspan(kTagAt).first<16>());
}

std::optional<DropCause> PacketGuard::check(std::span<const std::byte>& packet,
                                            std::vector<std::byte>& scratch) {
  const std::size_t payload = kLtlHeaderSize + security_bytes(mode_);
  if (packet.size() < payload) return DropCause::kTooShort;
  const std::uint64_t number = load_big_64(packet.data() + kLtlHeaderSize);
  if (number > kPacketNumberMax) return DropCause::kBadTag;
  if (!seen_.fresh(number)) return DropCause::kReplayed;
  if (mode_ == AuthMode::kHeader) {
    if (load_big_64(packet.data() + kTagAt) != header_tag(packet.data(), receive_sip_))
      return DropCause::kBadTag;
  } else {
    scratch.assign(packet.begin(), packet.end());
    const std::span<std::byte> copy(scratch);
    if (!cipher_->open(receive_key_, nonce_of(copy.data()), copy.first(kTagAt),
                       copy.subspan(payload), copy.subspan(kTagAt).first<16>()))
      return DropCause::kBadTag;
    packet = scratch;
  }
  seen_.add(number);
  return std::nullopt;
}

}  // namespace soliton
