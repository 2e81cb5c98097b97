// When each client sends its next request. A state machine without clock; the roles that have
// clients own one.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "node/cpu/client_workload.h"
#include "node/cpu/request_source.h"
#include "protocol/base/time.h"

namespace soliton {

class ClientSchedule {
 public:
  // `seed`: of random instants. `instants`: of a trace, those of this host, ascending, after the start.
  ClientSchedule(const ClientWorkload& workload, std::uint64_t seed,
                 const std::vector<Duration>& instants)
      : workload_(workload),
        own_requests_(workload.own_requests()),
        seed_(seed),
        instants_(instants) {}

  // Requests come from `source` in place of the workload. REQUIRES: not started.
  void serve(RequestSource& source) {
    source_ = &source;
    own_requests_ = kAnyNumber;
  }
  // Clients begin at `at`.
  void start(Instant at);
  // kNever once all requests were sent, or while every client waits for its answer.
  Instant next_deadline() const;
  struct Due {
    std::uint32_t request = 0;  // ascending in order of sending; of one host dense
    std::uint32_t client = 0;
  };
  // The next request that is due at or before `now`. A closed client has its next one when
  // answered() was called; any other arrival enters the next at once.
  // `idle`: no request is open, so that there is time to wait for a source.
  std::optional<Due> take_due(Instant now, bool idle = false);
  void answered(std::uint32_t client, Instant at);
  std::uint32_t sent() const { return next_request_; }
  std::uint32_t asked() const { return own_requests_; }

 private:
  static constexpr std::uint32_t kAnyNumber = std::numeric_limits<std::uint32_t>::max();

  std::optional<Due> take_from_source(Instant now, bool idle);
  // Of the next request, where it does not depend on answers. REQUIRES: there is one.
  Instant next_arrival(Instant before) const;
  std::uint32_t number_of(std::uint32_t own) const {
    return own * workload_.hosts + workload_.host;
  }

  const ClientWorkload& workload_;
  std::uint32_t own_requests_;
  std::uint64_t seed_;
  const std::vector<Duration>& instants_;
  RequestSource* source_ = nullptr;
  Instant start_{};
  std::multimap<Instant, std::uint32_t> waiting_;  // clients by the instant of their next request
  std::uint32_t next_request_ = 0;                 // of this host
};

}  // namespace soliton
