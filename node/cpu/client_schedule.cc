#include "node/cpu/client_schedule.h"

#include "protocol/base/check.h"
#include "protocol/base/rng.h"

namespace soliton {

void ClientSchedule::start(Instant at) {
  start_ = at;
  if (own_requests_ == 0) return;
  if (source_ != nullptr) {
    waiting_.emplace(at, 0);
    return;
  }
  if (workload_.arrivals != Arrivals::kClosed) {
    waiting_.emplace(next_arrival(at), number_of(0) % workload_.clients);
    return;
  }
  // Equal instants keep their order in a multimap, so clients that begin together do so in order of
  // their numbers.
  for (std::uint32_t own = 0; own < workload_.share_of(workload_.clients); ++own)
    waiting_.emplace(at, number_of(own));
}

// Drawn by the number of the request, so arrivals do not depend on the order of events. Rounded to
// a picosecond; exponential() has the same bits on every machine. Requests that are dealt to several
// hosts are so many times rarer on each, and the sum of Poisson processes is one.
Instant ClientSchedule::next_arrival(Instant before) const {
  if (workload_.arrivals == Arrivals::kTrace) {
    SOLITON_CHECK(next_request_ < instants_.size());
    return later(start_, instants_[next_request_]);
  }
  const std::uint32_t burst = workload_.arrivals == Arrivals::kBursty ? workload_.burst : 1;
  if (next_request_ % burst != 0) return before;
  const double share = Random(seed_, "arrival").exponential(number_of(next_request_));
  const auto mean = static_cast<double>(workload_.mean_gap.count()) * workload_.hosts * burst;
  return later(before, Duration{static_cast<std::int64_t>(share * mean + 0.5)});
}

// Clients stay in `waiting_` when all requests are sent, and must not wake the host then.
Instant ClientSchedule::next_deadline() const {
  return waiting_.empty() || next_request_ >= own_requests_ ? kNever : waiting_.begin()->first;
}

// A source is asked at the start, after each request that it had, and when one is answered: whoever waits
// for that answer may ask at that very instant, as a client of a closed loop does.
std::optional<ClientSchedule::Due> ClientSchedule::take_from_source(Instant now, bool idle) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) waiting_.erase(waiting_.begin());
  const bool later_ones = !waiting_.empty();
  if (!source_->take(now, idle && !later_ones)) {
    if (source_->is_over()) own_requests_ = next_request_;
    return std::nullopt;
  }
  waiting_.emplace(now, 0);
  return Due{next_request_++, 0};
}

std::optional<ClientSchedule::Due> ClientSchedule::take_due(Instant now, bool idle) {
  if (next_deadline() > now) return std::nullopt;
  if (source_ != nullptr) return take_from_source(now, idle);
  const auto [at, client] = *waiting_.begin();
  waiting_.erase(waiting_.begin());
  const Due due{number_of(next_request_++), client};
  if (workload_.arrivals != Arrivals::kClosed && next_request_ < own_requests_)
    waiting_.emplace(next_arrival(at), number_of(next_request_) % workload_.clients);
  return due;
}

void ClientSchedule::answered(std::uint32_t client, Instant at) {
  if (source_ != nullptr)
    waiting_.emplace(at, client);
  else if (workload_.arrivals == Arrivals::kClosed)
    waiting_.emplace(later(at, workload_.think), client);
}

}  // namespace soliton
