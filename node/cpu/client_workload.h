// What the clients of a run ask for, and when.
#pragma once

#include <cstdint>

#include "protocol/base/fields.h"
#include "protocol/base/quantity.h"

namespace soliton {

// When requests begin. Closed: a client sends its next request when it has its answer. The others do
// not wait for answers, and clients take turns. Poisson: at random instants, by the seed. Bursty:
// several at once, at such instants. Trace: at given instants.
enum class Arrivals : std::uint8_t { kClosed, kPoisson, kBursty, kTrace };

// Which copy of a model a batch goes to. Two choices: of two that are drawn, the one with less to do.
enum class Balance : std::uint8_t { kRoundRobin, kLeast, kTwoChoices };

// What the clients of a service ask for, and when. They may be spread over several hosts: host h of H has
// the clients and the requests h, h + H, h + 2H, ...
struct ClientWorkload {
  std::uint32_t clients = 1;   // of all hosts
  std::uint32_t requests = 0;  // of all hosts
  std::uint32_t hosts = 1, host = 0;
  Duration think{};  // closed: between an answer and the client's next request
  Arrivals arrivals = Arrivals::kClosed;
  Duration mean_gap{};      // Poisson and bursty: mean time between requests, of all hosts
  std::uint32_t burst = 1;  // bursty: requests that begin at once
  std::uint32_t batch = 1;  // requests run together; higher: devices used better, longer waits
  Duration batch_wait{};    // longest wait of a batch's first request for the others
  Balance balance = Balance::kRoundRobin;
  std::uint32_t queue_limit =
      0;  // most open requests of this host, more are refused; 0: any number

  // Of `total` that are dealt to the hosts in turn, those of this host.
  std::uint32_t share_of(std::uint32_t total) const {
    return host < total ? (total - host - 1) / hosts + 1 : 0;
  }
  std::uint32_t own_requests() const { return share_of(requests); }
};

inline constexpr FieldWord kArrivals[] = {
    word("closed", Arrivals::kClosed), word("poisson", Arrivals::kPoisson),
    word("bursty", Arrivals::kBursty), word("trace", Arrivals::kTrace)};
inline constexpr FieldWord kBalances[] = {word("round-robin", Balance::kRoundRobin),
                                          word("least", Balance::kLeast),
                                          word("two-choices", Balance::kTwoChoices)};
inline constexpr Field kClientRows[] = {
    field<&ClientWorkload::clients>("clients", "Clients that send requests."),
    field<&ClientWorkload::requests>("requests", "Requests of all clients together."),
    field<&ClientWorkload::hosts>("hosts", "Hosts with clients of the service."),
    field<&ClientWorkload::host>("host", "Number of this one."),
    field<&ClientWorkload::think>("think", "Time between an answer and the client's next request."),
    field<&ClientWorkload::arrivals>("arrival", "When requests begin.").spelled(kArrivals),
    field<&ClientWorkload::mean_gap>("mean_gap",
                                     "Average time between requests, if they are random."),
    field<&ClientWorkload::batch>("batch", "Requests that run together.")
        .trade("devices are less full", "requests wait longer"),
    field<&ClientWorkload::batch_wait>(
        "batch_wait", "How long the first request of a batch waits for the others."),
    field<&ClientWorkload::burst>("burst", "Requests that begin at once."),
    field<&ClientWorkload::balance>("balance", "Which copy of the model a batch goes to.")
        .spelled(kBalances),
    field<&ClientWorkload::queue_limit>("queue_limit", "Most requests that are open; 0: any."),
};
inline constexpr FieldTable kClientFields = fields_of<ClientWorkload>("host", kClientRows);

}  // namespace soliton
