// The way of vectors between a device and its host, at a rate of the device's own (docs/timing.md):
// one vector of a message's lanes behind the other, in each direction by itself.
#pragma once

#include "node/npu/moment.h"

namespace soliton {

class HostPort {
 public:
  void begin(Moment start, Ticks lanes) {
    in_ = out_ = start;
    lanes_ = lanes;
  }
  struct Arrived {
    Moment first;  // the first lane's vector is there,
    Moment last;   // all of them are
  };
  // A message that is here from `at` on, of vectors that take `each`.
  Arrived in(Moment at, Ticks each) {
    const Moment first = after(later_of(at, in_), each);
    in_ = after(first, times_ticks(each, lanes_ - 1));
    return {first, in_};
  }
  // When the last vector has gone, if the last lane's result is there at `at`. The others have gone
  // before it, as far as the port could.
  Moment out(Moment at, Ticks each) {
    out_ = later_of(after(at, each), after(out_, times_ticks(each, lanes_)));
    return out_;
  }

 private:
  Moment in_;  // free from here on
  Moment out_;
  Ticks lanes_ = 1;
};

}  // namespace soliton
