// Where the requests of clients come from that are no part of the run: `soliton serve` has one, whose
// clients are programs outside. The clients of a host ask it; who makes it sees to it that emulated time
// stands still while nobody asks for anything.
#pragma once

#include <cstdint>
#include <vector>

#include "node/deployment/records.h"
#include "partition/ir/array.h"
#include "protocol/base/time.h"

namespace soliton {

class RequestSource {
 public:
  virtual ~RequestSource() = default;
  // Takes the next request, which arrives at `now`; they are numbered from 0 as they are taken. With
  // `wait`, returns only when there is one or there will be no more. Returns false if there is none.
  virtual bool take(Instant now, bool wait) = 0;
  // Whether there will be no more.
  virtual bool is_over() const = 0;
  // Of a request that was taken, by input of the model.
  virtual const std::vector<ir::Array>& inputs(std::uint32_t request) const = 0;
  // It is answered, or refused.
  virtual void answer(const HostRecord& record) = 0;
};

}  // namespace soliton
