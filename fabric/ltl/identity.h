// Who a node is in a run and with whom it communicates: what the deployment tells LTL besides its
// options. Values.
#pragma once

#include <cstdint>

#include "fabric/ltl/options.h"
#include "protocol/base/types.h"
#include "protocol/wire/packet_security.h"

namespace soliton {

// One row of a node's connection table.
struct LtlConnection {
  NodeId peer{};
  std::uint16_t remote_index = 0;  // this connection's row in the peer's table
  std::uint16_t cookie = 0;        // agreed at deployment; packets with a different one are stale
  std::uint8_t channel = 1;        // virtual channel; 0 is control
  LtlPath path{};
};

// What the handshake proves and keys are derived from.
struct LtlIdentity {
  std::uint64_t run_id = 0;
  std::uint32_t epoch = 0;       // incarnation of the node, from 1; greater with every restart
  std::uint64_t image_hash = 0;  // peers with a different one are refused
  Key key{};                     // of the run
  const PacketCipher* cipher = nullptr;  // for AuthMode::kAead; outlives the Ltl
};

}  // namespace soliton
