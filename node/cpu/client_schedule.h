// When each client sends its next request. A state machine without clock; the roles that have
// clients own one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "node/cpu/client_workload.h"
#include "protocol/base/time.h"

namespace soliton {

class ClientSchedule {
 public:
  // `seed`: of the instants of Poisson arrivals.
  ClientSchedule(const ClientWorkload& workload, std::uint64_t seed)
      : workload_(workload), seed_(seed) {}

  // Clients begin at `at`.
  void start(Instant at);
  // kNever once all requests were sent, or while every client waits for its answer.
  Instant next_deadline() const;
  struct Due {
    std::uint32_t request = 0;  // numbered densely in order of sending
    std::uint32_t client = 0;
  };
  // The next request that is due at or before `now`. A closed client has its next one when
  // answered() was called; a Poisson arrival enters the next at once.
  std::optional<Due> take_due(Instant now);
  void answered(std::uint32_t client, Instant at);
  std::uint32_t sent() const { return next_request_; }

 private:
  Duration gap(std::uint32_t request) const;  // Poisson: time before it

  const ClientWorkload& workload_;
  std::uint64_t seed_;
  std::multimap<Instant, std::uint32_t> waiting_;  // clients by the instant of their next request
  std::uint32_t next_request_ = 0;
};

}  // namespace soliton
