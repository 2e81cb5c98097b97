// An instant of the timing model, with the arrival its critical path came from.
#pragma once

#include <cstdint>

#include "protocol/base/clock_domain.h"

namespace soliton {

struct Moment {
  Ticks at = 0;
  // The arrival of this request at the head of the critical path; 0: the request's begin.
  std::uint32_t origin = 0;
};

// The later moment; on a tie the first one and its path.
inline Moment later_of(Moment first, Moment second) {
  return second.at > first.at ? second : first;
}

inline Moment after(Moment moment, Ticks ticks) {
  return {add_ticks(moment.at, ticks), moment.origin};
}

}  // namespace soliton
