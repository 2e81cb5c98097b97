// What needs all hubs at one instant. The engine holds it when nothing is left below that instant.
#pragma once

#include "protocol/base/time.h"

namespace soliton {

class Meeting {
 public:
  virtual ~Meeting() = default;
  // When the next one is; kNever: none. No hub that is concerned has passed it.
  virtual Instant at() const = 0;
  // Before the events of this instant.
  virtual void hold(Instant now) = 0;
};

}  // namespace soliton
