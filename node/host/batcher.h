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
  // `size`: of a full batch, at least 1. `wait`: from a batch's first request on; longer: batches
  // are fuller, requests older.
  Batcher(std::uint32_t size, Duration wait) : size_(size), wait_(wait) {}

  // The batch that `member` fills, if it does.
  std::optional<Batch> add(std::int64_t steps, const BatchMember& member);
  // When the next batch must go, full or not; kNever without one.
  Instant next_deadline() const;
  // A batch whose time has come by `now`: by deadline, then by first request.
  std::optional<Batch> take_due(Instant now);
  // Requests that wait.
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
