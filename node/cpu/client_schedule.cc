#include "node/cpu/client_schedule.h"

#include "protocol/base/rng.h"

namespace soliton {

void ClientSchedule::start(Instant at) {
  if (workload_.arrivals == Arrivals::kPoisson) {
    waiting_.emplace(later(at, gap(0)), 0);
    return;
  }
  // Equal instants keep their order in a multimap, so clients that begin together do so in order of
  // their numbers.
  for (std::uint32_t client = 0; client < workload_.clients; ++client) waiting_.emplace(at, client);
}

// Drawn by the number of the request, so arrivals do not depend on the order of events. Rounded to
// a picosecond; exponential() has the same bits on every machine.
Duration ClientSchedule::gap(std::uint32_t request) const {
  const double share = Random(seed_, "arrival").exponential(request);
  return Duration{
      static_cast<std::int64_t>(share * static_cast<double>(workload_.mean_gap.count()) + 0.5)};
}

// Clients stay in `waiting_` when all requests are sent, and must not wake the host then.
Instant ClientSchedule::next_deadline() const {
  return waiting_.empty() || next_request_ >= workload_.requests ? kNever : waiting_.begin()->first;
}

std::optional<ClientSchedule::Due> ClientSchedule::take_due(Instant now) {
  if (next_deadline() > now) return std::nullopt;
  const auto [at, client] = *waiting_.begin();
  waiting_.erase(waiting_.begin());
  const Due due{next_request_++, client};
  if (workload_.arrivals == Arrivals::kPoisson)
    waiting_.emplace(later(at, gap(next_request_)), next_request_ % workload_.clients);
  return due;
}

void ClientSchedule::answered(std::uint32_t client, Instant at) {
  if (workload_.arrivals == Arrivals::kClosed) waiting_.emplace(later(at, workload_.think), client);
}

}  // namespace soliton
