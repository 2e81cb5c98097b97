// CRC32C (Castagnoli, polynomial 0x1EDC6F41 reflected, as in RFC 3720 appendix B.4): check value of
// "123456789" is 0xE3069283. It finds damage by accident; it is no protection against an attacker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace soliton {

// Extends `previous`, so crc32c(b, crc32c(a)) is the sum of a followed by b. Uses the SSE4.2
// instruction where the processor has it, and carry-less multiplication of 512 bits for long input.
std::uint32_t crc32c(std::span<const std::byte> data, std::uint32_t previous = 0);

// Of a header of 32 bytes, its last four (where the sum will stand) read as zeros, then `rest`.
std::uint32_t packet_crc32c(std::span<const std::byte, 32> header, std::span<const std::byte> rest);

// The portable twin: slicing by 8 (Kounavis and Berry, ISCC 2005).
std::uint32_t crc32c_portable(std::span<const std::byte> data, std::uint32_t previous = 0);

}  // namespace soliton
