// Whether this machine can do what a run over UDP needs, asked before it starts.
#pragma once

#include <cstdint>

#include "protocol/base/result.h"

namespace soliton {

// Sends one datagram to itself at `address` (host order) and waits at most half a second for it.
// kEnvironment: the address is not this machine's, or its interface is down, as the loopback
// interface of a new network namespace is.
Status check_udp_arrives(std::uint32_t address);

}  // namespace soliton
