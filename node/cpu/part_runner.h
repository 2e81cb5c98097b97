// Runs one part of a graph on a host's CPU: collects the inputs of each request, and computes when
// they are complete, request after request. A state machine without clock.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "node/deployment/time_base.h"
#include "partition/ir/cpu_part.h"
#include "protocol/base/breakdown.h"
#include "protocol/base/time.h"
#include "protocol/control/data_message.h"

namespace soliton {

// The host's CPU: works on one thing at a time, in order of demand.
class Cpu {
 public:
  explicit Cpu(TimeBase time) : time_(time) {}
  // Reserves the CPU for `work` from `from.at` on, and returns when it ends, with the wait and the
  // work added to the path. In wall time the real work takes its real time, so nothing is modelled.
  Arrival occupy(Arrival from, Duration work);
  Duration busy() const { return busy_; }

 private:
  TimeBase time_;
  Instant free_{};
  Duration busy_{};
};

// What one port carries for a batch: an array of each of its requests, in the order of lanes.
using LaneArrays = std::vector<ir::Array>;

class PartRunner {
 public:
  // Both must outlive the object.
  PartRunner(const CpuPart& part, const CpuDevice& device, Cpu& cpu);

  // An input of the request, or batch, that `header` says. Returns false if nobody waits for it: the
  // request has run, the input is there already, or others have come for another number of lanes.
  bool on_arrays(std::size_t input, const DataHeader& header, LaneArrays arrays,
                 const Arrival& arrival);

  struct Done {
    std::uint32_t request = 0;
    Instant started{};        // when its client sent it
    std::uint16_t steps = 0;  // of the request; 0: no input says
    bool functional = false;
    std::vector<LaneArrays> outputs;
    Arrival leaves;
    Duration work{};
  };
  // The next request that ran, in order of requests.
  std::optional<Done> poll();

  // Forgets what is open, and runs `request` next.
  void begin_with(std::uint32_t request) {
    open_.clear();
    next_ = request;
  }

  // What it waits for, or why it cannot go on; "" if no request is open.
  std::string describe() const;

 private:
  struct Open {
    std::vector<LaneArrays> inputs;
    std::size_t missing = 0;
    Instant started{};
    std::uint16_t steps = 0;
    bool functional = false;
    Arrival last;
  };
  Open& open(std::uint32_t request);
  std::optional<ir::Outputs> compute(const std::vector<ir::Array>& inputs, Duration& work);
  // Of all lanes, one after the other.
  bool compute_lanes(const std::vector<LaneArrays>& inputs, Done& done);

  const CpuPart& part_;
  const CpuDevice& device_;
  Cpu& cpu_;
  std::map<std::uint32_t, Open> open_;  // by request
  std::uint32_t next_ = 0;              // the request that runs next
  std::string failure_;
};

}  // namespace soliton
