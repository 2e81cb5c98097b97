// Flow numbers pair the two ends of a message in a trace. A flow number is made of receiver,
// receiver's port, and the number of messages the port has had. Both ends count for themselves,
// since messages of one port come from one peer, exactly once and in order.
//
// The duration of the two events is how long their request had been between nodes until then.
#pragma once

#include <cstdint>

#include "protocol/base/types.h"

namespace soliton {

constexpr std::int64_t flow_number(NodeId receiver, std::uint16_t port, std::uint32_t count) {
  return static_cast<std::int64_t>(index(receiver)) << 48 | static_cast<std::int64_t>(port) << 32 |
         count;
}

}  // namespace soliton
