// Which requests run together: the host holds a request until its batch is full, or until the first
// of the batch has waited long enough. Requests of different numbers of steps never share a batch,
// so that every lane of a batch runs the same program. A state machine without clock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "protocol/base/time.h"

namespace soliton {

struct BatchMember {
  std::uint32_t request = 0;
  std::uint32_t client = 0;
  Instant sent{};
};

struct Batch {
  std::int64_t steps = 0;
  std::vector<BatchMember> members;  // in order of arrival: the order of lanes
};

class Batcher {
 public:
  // `size`: requests in a full batch, at least 1. `wait`: the longest that the first request of a
  // batch waits. Higher: fuller batches, but longer waits.
  Batcher(std::uint32_t size, Duration wait) : size_(size), wait_(wait) {}

  // Adds `member`. Returns the batch if `member` fills it.
  std::optional<Batch> add(std::int64_t steps, const BatchMember& member);
  // When the next batch must leave, full or not; kNever if no request waits.
  Instant next_deadline() const;
  // Returns a batch whose deadline is at or before `now`, earliest deadline first and then lowest
  // first request.
  std::optional<Batch> take_due(Instant now);
  // The requests that wait, by number of steps.
  const std::map<std::int64_t, std::vector<BatchMember>>& forming() const { return forming_; }
  std::uint32_t size() const { return size_; }

 private:
  using Forming = std::map<std::int64_t, std::vector<BatchMember>>;  // by steps; none is empty

  Forming::const_iterator first_due() const;

  std::uint32_t size_;
  Duration wait_;
  Forming forming_;
};

}  // namespace soliton
