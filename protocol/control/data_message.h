// A data message between nodes: a Cap'n Proto header (data.capnp), then the vectors. partition/cost
// predicts its cost.
#pragma once

#include <cstdint>

#include "protocol/base/breakdown.h"
#include "protocol/base/payload.h"
#include "protocol/base/result.h"
#include "protocol/base/types.h"

namespace soliton {

// Bytes in front of the vectors: segment table, root pointer, four words.
inline constexpr std::size_t kDataHeaderBytes = 48;

struct DataHeader {
  RequestId request{};      // of a batch: its number. Below 2^31
  std::uint16_t port = 0;   // NetQ port of the receiver
  std::uint16_t steps = 0;  // of the whole request
  Instant started{};        // when the host began with the request, or with its batch
  Breakdown
      path;  // critical path so far; `network` is not carried but is what remains, see arrival()
  bool functional = true;  // values are computed for it
};

// Header, then `vectors` (real bytes or ghosts).
Payload pack_data(const DataHeader& header, const Payload& vectors);

struct DataMessage {
  DataHeader header;
  Payload vectors;
};
// Error: the bytes are not a data message (kInvalid).
Result<DataMessage> unpack_data(const Payload& message);

// The arrival of a message at `now`: its path with everything unexplained since `started` counted
// as network, so that the path adds up to now - started.
Arrival arrival_of(const DataHeader& header, Instant now);

}  // namespace soliton
