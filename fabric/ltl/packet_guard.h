// Packet numbers and authentication tags of one connection: added to packets that leave, checked on
// packets that arrive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "protocol/wire/ltl_header.h"
#include "protocol/wire/packet_security.h"

namespace soliton {

class PacketGuard {
 public:
  // `cipher` is needed for kAead, and outlives the guard.
  PacketGuard(AuthMode mode, const PacketCipher* cipher) : mode_(mode), cipher_(cipher) {}

  // The keys of a session; packet numbers begin again with them.
  void set_keys(const Key& send, const Key& receive);

  // Fills in the security block. `packet` consists of the header (with its checksum), room for the
  // block, and the payload.
  void protect(std::span<std::byte> packet);
  // Returns nullopt if the tag is right and the number is new, otherwise why the packet must be
  // dropped. With kAead the packet is decrypted into `scratch`, and `packet` refers to that copy
  // afterwards.
  std::optional<DropCause> check(std::span<const std::byte>& packet,
                                 std::vector<std::byte>& scratch);

 private:
  std::uint64_t header_tag(const std::byte* packet, const SipKey& key) const;

  AuthMode mode_;
  const PacketCipher* cipher_;
  Key send_key_{};
  Key receive_key_{};
  SipKey send_sip_;
  SipKey receive_sip_;
  std::uint64_t next_number_ = 0;
  ReplayWindow seen_;
};

}  // namespace soliton
