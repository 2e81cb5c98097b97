// Fuzz targets of the wire codec and of LTL. Each takes any bytes; a broken invariant ends the
// program (check.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace soliton {

// A packet as it might come off a network: decode, and what decodes must encode to the same bytes.
void fuzz_ltl_header(std::span<const std::uint8_t> input);

// A script of sends, deliveries, losses, duplicates, swaps, flipped bits, waits, and (if its first
// byte says so) forged packets. Without forgeries all messages must arrive once, in order and
// whole; with them nothing may crash, spin or grow.
void fuzz_ltl_sequence(std::span<const std::uint8_t> input);

// Packets of a made-up sender in any order, twice or never: what is held, missing, duplicate and
// delivered is what lists without any cleverness say. The same for the numbers of a ReplayWindow.
void fuzz_ltl_window(std::span<const std::uint8_t> input);

// A script of opening, restarting and talking over a wire that loses, repeats, replays and changes
// packets. A stranger without the key is never answered and changes nothing; every incarnation
// hears each message once and in order; once the network is sound again, both are open and quiet.
void fuzz_ltl_handshake(std::span<const std::uint8_t> input);

}  // namespace soliton
