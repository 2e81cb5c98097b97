#include "fabric/aead/aead.h"

#include <sodium.h>

namespace soliton {
namespace {

static_assert(crypto_aead_aes256gcm_KEYBYTES == 32 && crypto_aead_aes256gcm_NPUBBYTES == 12 &&
              crypto_aead_aes256gcm_ABYTES == 16);
static_assert(crypto_aead_chacha20poly1305_ietf_KEYBYTES == 32 &&
              crypto_aead_chacha20poly1305_ietf_NPUBBYTES == 12 &&
              crypto_aead_chacha20poly1305_ietf_ABYTES == 16);

unsigned char* bytes(std::byte* at) { return reinterpret_cast<unsigned char*>(at); }
const unsigned char* bytes(const std::byte* at) {
  return reinterpret_cast<const unsigned char*>(at);
}

using Seal = decltype(crypto_aead_aes256gcm_encrypt_detached);
using Open = decltype(crypto_aead_aes256gcm_decrypt_detached);

template <Seal seal_function, Open open_function>
class Cipher final : public PacketCipher {
 public:
  void seal(const Key& key, std::span<const std::byte, 12> nonce, std::span<const std::byte> head,
            std::span<std::byte> payload, std::span<std::byte, 16> tag) const override {
    seal_function(bytes(payload.data()), bytes(tag.data()), nullptr, bytes(payload.data()),
                  payload.size(), bytes(head.data()), head.size(), nullptr, bytes(nonce.data()),
                  bytes(key.data()));
  }
  bool open(const Key& key, std::span<const std::byte, 12> nonce, std::span<const std::byte> head,
            std::span<std::byte> payload, std::span<const std::byte, 16> tag) const override {
    return open_function(bytes(payload.data()), nullptr, bytes(payload.data()), payload.size(),
                         bytes(tag.data()), bytes(head.data()), head.size(), bytes(nonce.data()),
                         bytes(key.data())) == 0;
  }
};

}  // namespace

AeadKind best_aead() {
  return sodium_init() >= 0 && crypto_aead_aes256gcm_is_available() != 0
             ? AeadKind::kAes256Gcm
             : AeadKind::kChaCha20Poly1305;
}

Result<const PacketCipher*> packet_cipher(AeadKind kind) {
  static const Cipher<crypto_aead_aes256gcm_encrypt_detached,
                      crypto_aead_aes256gcm_decrypt_detached>
      aes;
  static const Cipher<crypto_aead_chacha20poly1305_ietf_encrypt_detached,
                      crypto_aead_chacha20poly1305_ietf_decrypt_detached>
      chacha;
  if (sodium_init() < 0) return failure(ErrorCode::kEnvironment, "libsodium cannot be initialised");
  if (kind == AeadKind::kChaCha20Poly1305) return &chacha;
  if (crypto_aead_aes256gcm_is_available() == 0)
    return failure(ErrorCode::kEnvironment, "this processor has no AES-256-GCM");
  return &aes;
}

}  // namespace soliton
