// Checks before a run over UDP that packets arrive on this machine.
#pragma once

#include <cstdint>

#include "protocol/base/result.h"

namespace soliton {

// Sends one datagram to itself at `address` (host byte order) and waits at most half a second for
// it. kEnvironment: the address is not this machine's, or its interface is down, like the loopback
// interface of a new network namespace.
Status check_udp_arrives(std::uint32_t address);

}  // namespace soliton
