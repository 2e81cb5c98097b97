// What the clients of a run ask for, and when.
#pragma once

#include <cstdint>

#include "protocol/base/fields.h"
#include "protocol/base/quantity.h"

namespace soliton {

// When requests begin. Closed: a client sends its next request when it has its answer. Poisson:
// requests begin at random instants that depend on the seed and not on answers; clients take turns.
enum class Arrivals : std::uint8_t { kClosed, kPoisson };

// What the clients ask for, and when.
struct ClientWorkload {
  std::uint32_t clients = 1;
  std::uint32_t requests = 0;
  Duration think{};  // closed: between an answer and the client's next request
  Arrivals arrivals = Arrivals::kClosed;
  Duration mean_gap{};      // Poisson: mean time between requests
  std::uint32_t batch = 1;  // requests run together; higher: devices used better, longer waits
  Duration batch_wait{};    // longest wait of a batch's first request for the others
};

inline constexpr FieldWord kArrivals[] = {word("closed", Arrivals::kClosed),
                                          word("poisson", Arrivals::kPoisson)};
inline constexpr Field kClientRows[] = {
    field<&ClientWorkload::clients>("clients", "Clients that send requests."),
    field<&ClientWorkload::requests>("requests", "Requests of all clients together."),
    field<&ClientWorkload::think>("think", "Time between an answer and the client's next request."),
    field<&ClientWorkload::arrivals>("arrival", "When requests begin.").spelled(kArrivals),
    field<&ClientWorkload::mean_gap>("mean_gap",
                                     "Average time between requests, if they are random."),
    field<&ClientWorkload::batch>("batch", "Requests that run together.")
        .trade("devices are less full", "requests wait longer"),
    field<&ClientWorkload::batch_wait>(
        "batch_wait", "How long the first request of a batch waits for the others."),
};
inline constexpr FieldTable kClientFields = fields_of<ClientWorkload>("host", kClientRows);

}  // namespace soliton
