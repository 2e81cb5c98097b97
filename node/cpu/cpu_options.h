// What the parts of a CPU host share.
#pragma once

#include <cstdint>
#include <vector>

#include "node/cpu/part_runner.h"
#include "node/deployment/time_base.h"
#include "partition/ir/cpu_part.h"
#include "protocol/base/time.h"
#include "protocol/base/trace.h"
#include "protocol/base/types.h"

namespace soliton {

struct CpuOptions {
  NodeId self{};
  TimeBase time = TimeBase::kEmulated;
  std::uint32_t functional_every = 1;  // as in NpuServiceOptions
  std::uint32_t trace_requests = 0;
};

// Arrays that leave together, all of one batch, and where each goes.
struct Leaving {
  LaneArrays lanes;
  const std::vector<PartPort>* ports = nullptr;
};

// A batch: its number, when it began, its steps (0: not known), and whether its values are computed.
struct BatchHead {
  std::uint32_t number = 0;
  Instant started{};
  std::uint16_t steps = 0;
  bool functional = false;
};

struct Departure {
  std::vector<Leaving> arrays;
  BatchHead batch;
  Arrival at;
};

}  // namespace soliton
