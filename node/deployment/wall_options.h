// How a node's packets travel in wall time, as values. In virtual time nothing reads them.
#pragma once

#include <cstdint>

#include "fabric/udp/address.h"
#include "protocol/base/fields.h"
#include "protocol/base/time.h"

namespace soliton {

enum class CarrierKind : std::uint8_t { kUdp, kShm };

// How a node waits for packets. Spinning keeps a core busy; blocking costs a wake-up, 3 to 50 us.
// kAuto is resolved before a node starts: kSpinThenBlock if every node has a core of its own,
// kBlock otherwise.
enum class WaitMode : std::uint8_t { kAuto, kBlock, kSpinThenBlock, kSpin };

struct WallOptions {
  CarrierKind carrier = CarrierKind::kUdp;
  WaitMode wait = WaitMode::kAuto;
  Duration spin = microseconds(50);  // kSpinThenBlock. Lower: more wake-ups; higher: busier cores
  std::uint32_t listen = kLoopback;  // kUdp: IPv4 address of every node's socket

  bool operator==(const WallOptions&) const = default;
};

inline constexpr FieldWord kCarrierKinds[] = {word("udp", CarrierKind::kUdp),
                                              word("shm", CarrierKind::kShm)};
inline constexpr FieldWord kWaitModes[] = {
    word("auto", WaitMode::kAuto), word("block", WaitMode::kBlock),
    word("spin-then-block", WaitMode::kSpinThenBlock), word("spin", WaitMode::kSpin)};
inline constexpr Field kWallPacketRows[] = {
    field<&WallOptions::carrier>("carrier",
                                 "`udp`: a socket a node; `shm`: rings in shared memory.")
        .spelled(kCarrierKinds),
    field<&WallOptions::wait>("wait",
                              "How a node waits for packets; `auto`: `spin-then-block` if every "
                              "node has a core of its own, otherwise `block`.")
        .spelled(kWaitModes),
    field<&WallOptions::spin>("spin", "How long `spin-then-block` spins.")
        .between(Duration{0}, milliseconds(1'000))
        .trade("more wake-ups, of 3 to 50 us each", "busier cores"),
};
inline constexpr Field kWallAddressRows[] = {
    field<&WallOptions::listen>("listen", "IPv4 address of every node's UDP socket."),
};
inline constexpr auto kWallRows = joined(kWallPacketRows, kWallAddressRows);
inline constexpr FieldTable kWallFields = fields_of<WallOptions>("wall", kWallRows);

}  // namespace soliton
