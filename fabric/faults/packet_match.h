// Which packets a fault rule is about: `where: {match: ...}`. A grey link, that carries acknowledgements and
// loses data, is a loss that matches data.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fabric/faults/fault_kind.h"
#include "protocol/base/fields.h"

namespace soliton {

enum class PacketClass : std::uint8_t {
  kAny,
  kData,     // DATA
  kControl,  // all else
  kAck,      // ACK, NACK, CREDIT, CNP
  kProbe,    // PING, PONG
  kOpening,  // OPEN, OPENED, CLOSE, RESET
};

struct PacketMatch {
  PacketClass its_class = PacketClass::kAny;
  Bytes least{};  // size of the LTL packet
  Bytes most{65'535};
  std::vector<std::uint32_t> from, to;  // ends of its flow, ascending; empty: any

  bool operator==(const PacketMatch&) const = default;
  bool matches(const Crossing& crossing) const;
};

inline constexpr FieldWord kPacketClasses[] = {
    word("any", PacketClass::kAny),         word("data", PacketClass::kData),
    word("control", PacketClass::kControl), word("ack", PacketClass::kAck),
    word("probe", PacketClass::kProbe),     word("opening", PacketClass::kOpening)};
inline constexpr Field kPacketMatchRows[] = {
    field<&PacketMatch::its_class>(
        "class",
        "`data`; `control`, all but data: `ack` (acknowledgements, NACKs, credits, congestion "
        "notices), `probe` (PING and PONG), `opening` (handshakes); `any`.")
        .spelled(kPacketClasses),
    field<&PacketMatch::least>("least", "LTL packets of at least this size, headers included.")
        .between(Bytes{0}, Bytes{65'535}),
    field<&PacketMatch::most>("most", "LTL packets of at most this size.")
        .between(Bytes{0}, Bytes{65'535}),
};
// With what files say by name.
inline constexpr Field kPacketEndsRows[] = {
    field<&PacketMatch::from>("from", "Packets from these nodes."),
    field<&PacketMatch::to>("to", "Packets to these nodes."),
};
inline constexpr auto kResolvedMatchRows = joined(kPacketMatchRows, kPacketEndsRows);
inline constexpr FieldTable kResolvedMatchFields =
    fields_of<PacketMatch>("fault_match", kResolvedMatchRows);

}  // namespace soliton
