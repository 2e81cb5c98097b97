// Fixed layouts, written and read field by field in the order of docs/wire-format.md. The proof
// covers the header without length and checksum, which are filled in after it.
#include "protocol/wire/handshake.h"

#include <algorithm>
#include <array>

namespace soliton {
namespace {

class Writer {
 public:
  explicit Writer(std::span<std::byte> out) : out_(out) {}
  void put(std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = bytes; i-- > 0;) out_[at_++] = static_cast<std::byte>(value >> (8 * i));
  }

 private:
  std::span<std::byte> out_;
  std::size_t at_ = 0;
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> in) : in_(in) {}
  template <typename T>
  T get(std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i)
      value = value << 8 | std::to_integer<std::uint64_t>(in_[at_++]);
    return static_cast<T>(value);
  }

 private:
  std::span<const std::byte> in_;
  std::size_t at_ = 0;
};

std::array<std::byte, kProofSize> proof_of(const LtlHeader& header, std::span<const std::byte> body,
                                           const Key& key) {
  std::array<std::byte, kLtlHeaderSize + OpenBody::kSize> over{};
  LtlHeader bare = header;
  bare.length = 0;
  bare.crc = 0;
  encode(bare, std::span(over).first<kLtlHeaderSize>());
  std::copy(body.begin(), body.end(), over.begin() + kLtlHeaderSize);
  return key_proof(key, std::span<const std::byte>(over).first(kLtlHeaderSize + body.size()));
}

void append_proof(const LtlHeader& header, const Key& key, std::span<std::byte> out) {
  const auto body = out.first(out.size() - kProofSize);
  const auto proof = proof_of(header, body, key);
  std::copy(proof.begin(), proof.end(), out.end() - kProofSize);
}

bool proven(const LtlHeader& header, std::span<const std::byte> body, const Key& key) {
  const auto proof = proof_of(header, body.first(body.size() - kProofSize), key);
  return equal_secrets(proof, body.last(kProofSize));
}

}  // namespace

std::string_view reset_reason_name(ResetReason reason) {
  switch (reason) {
    case ResetReason::kVersion:
      return "another protocol version";
    case ResetReason::kImage:
      return "another image";
    case ResetReason::kParameters:
      return "other connection parameters";
    case ResetReason::kClosed:
      return "closed by the peer";
  }
  return "unknown reason";
}

void encode(const OpenBody& b, const LtlHeader& header, const Key& key,
            std::span<std::byte, OpenBody::kSize> out) {
  Writer w(out);
  w.put(b.run_id, 8);
  w.put(index(b.node), 4);
  w.put(index(b.peer), 4);
  w.put(b.epoch, 4);
  w.put(b.peer_epoch, 4);
  w.put(b.image_hash, 8);
  w.put(b.nonce, 8);
  w.put(b.peer_nonce, 8);
  w.put(b.mtu, 4);
  w.put(b.window, 2);
  w.put(b.protocol, 2);
  w.put(b.credit, 4);
  w.put(b.row, 2);
  w.put(static_cast<std::uint8_t>(b.auth), 1);
  w.put(b.recovery, 1);
  w.put(b.capabilities, 4);
  w.put(b.first_sequence, 4);
  append_proof(header, key, out);
}

void encode(const ResetBody& b, const LtlHeader& header, const Key& key,
            std::span<std::byte, ResetBody::kSize> out) {
  Writer w(out);
  w.put(b.run_id, 8);
  w.put(b.peer_nonce, 8);
  w.put(index(b.node), 4);
  w.put(b.epoch, 4);
  w.put(static_cast<std::uint16_t>(b.reason), 2);
  w.put(0, 6);
  append_proof(header, key, out);
}

std::optional<OpenBody> decode_open(const LtlHeader& header, std::span<const std::byte> body,
                                    const Key& key) {
  // The proof comes first: no field of an unproven body is looked at.
  if (body.size() != OpenBody::kSize || !proven(header, body, key)) return std::nullopt;
  Reader r(body);
  OpenBody b;
  b.run_id = r.get<std::uint64_t>(8);
  b.node = NodeId{r.get<std::uint32_t>(4)};
  b.peer = NodeId{r.get<std::uint32_t>(4)};
  b.epoch = r.get<std::uint32_t>(4);
  b.peer_epoch = r.get<std::uint32_t>(4);
  b.image_hash = r.get<std::uint64_t>(8);
  b.nonce = r.get<std::uint64_t>(8);
  b.peer_nonce = r.get<std::uint64_t>(8);
  b.mtu = r.get<std::uint32_t>(4);
  b.window = r.get<std::uint16_t>(2);
  b.protocol = r.get<std::uint16_t>(2);
  b.credit = r.get<std::uint32_t>(4);
  b.row = r.get<std::uint16_t>(2);
  b.auth = r.get<AuthMode>(1);
  b.recovery = r.get<std::uint8_t>(1);
  b.capabilities = r.get<std::uint32_t>(4);
  b.first_sequence = r.get<std::uint32_t>(4);
  return b;
}

std::optional<ResetBody> decode_reset(const LtlHeader& header, std::span<const std::byte> body,
                                      const Key& key) {
  if (body.size() != ResetBody::kSize || !proven(header, body, key)) return std::nullopt;
  Reader r(body);
  ResetBody b;
  b.run_id = r.get<std::uint64_t>(8);
  b.peer_nonce = r.get<std::uint64_t>(8);
  b.node = NodeId{r.get<std::uint32_t>(4)};
  b.epoch = r.get<std::uint32_t>(4);
  b.reason = ResetReason{r.get<std::uint16_t>(2)};
  if (r.get<std::uint64_t>(6) != 0) return std::nullopt;
  return b;
}

}  // namespace soliton
