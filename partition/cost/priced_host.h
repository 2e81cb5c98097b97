// What CPU hosts do for one request, as times and sizes: which messages each of their parts waits
// for, how long it works, and what it sends then. No values.
//
// The parts of one host share its CPU, which works on one after the other in the order in which they
// are ready. One host has the clients: a request begins with what they send, and is answered with
// the last of what they wait for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/time.h"
#include "protocol/isa/shard.h"

namespace soliton {

// Messages to a port of a node; of the host's own, they arrive at once.
struct PricedSend {
  std::string node;
  std::uint16_t port = 0;
  std::int64_t messages = 1;      // a stream: one for each token
  std::int64_t bytes = 0;         // of a message behind its header, of all lanes of a batch
  std::int64_t tensor_bytes = 0;  // of a message: those of the values of one request
  std::uint32_t steps = 1;        // of the request, for an FPGA
  bool next_request = false;      // state that is carried to the next request
};

struct PricedInput {
  std::uint16_t port = 0;
  std::int64_t messages = 1;
  bool carried = false;  // state: the first request finds it there
};

// Runs once for each request, in order of requests, when all its messages are there.
struct PricedPart {
  std::vector<PricedInput> inputs;
  bool on_cpu = true;  // false: it takes no time and waits for no CPU
  Duration work{};
  // Sent together: a message to each, then the second to each, and so on.
  std::vector<PricedSend> sends;
};

struct PricedClients {
  std::vector<PricedSend> sends;    // when a request begins
  std::vector<PricedSend> initial;  // and with the first one
  std::vector<PricedInput> replies;
};

// Every port belongs to one part, or to the clients.
struct PricedHost {
  std::string node;
  std::vector<PricedPart> parts;
  std::optional<PricedClients> clients;
};

}  // namespace soliton
