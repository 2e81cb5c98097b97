// Authenticated encryption of packets by libsodium: AES-256-GCM where the processor has it, else
// ChaCha20-Poly1305 (RFC 8439). Which one is chosen openly, and both ends must choose the same.
#pragma once

#include <optional>

#include "protocol/base/result.h"
#include "protocol/wire/packet_security.h"

namespace soliton {

enum class AeadKind : std::uint8_t { kAes256Gcm, kChaCha20Poly1305 };

// AES-256-GCM if this machine supports it.
AeadKind best_aead();

// A cipher that lives as long as the program. Error: this machine does not support it
// (kEnvironment).
Result<const PacketCipher*> packet_cipher(AeadKind kind);

}  // namespace soliton
