// The NPU of one node: memories, chain execution, chain timing. A state machine: it owns no clock.
//
// Requests are served one at a time. Chains are issued in program order; a read of an empty NetQ
// port stops the issue of all later chains until its message arrives. The timing model (model C of
// docs/timing.md) gives the instant at which each result is written back or leaves; values are
// computed in the same pass, however long that takes in wall time.
//
// A batch is several requests of equal length that run through the program together. Each has a
// lane: the same chains work on its own registers, so its results have the bits they would have
// alone. A message then carries the vectors of all lanes, one after the other.
//
//   npu.begin(request, steps, start);        // start: instant and path of what it waited for
//   npu.deliver(port, vectors, arrival);     // messages in order on each port
//   while (auto out = npu.poll_output()) ... // each with the instant at which it leaves the NPU
//   if (npu.finished()) ...
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "node/npu/chain_timing.h"
#include "node/npu/npu_stats.h"
#include "protocol/base/breakdown.h"
#include "protocol/base/payload.h"
#include "protocol/base/trace.h"
#include "protocol/isa/shard.h"

namespace soliton {

enum class ComputeMode : std::uint8_t { kFunctional, kTiming };

struct NpuOutput {
  std::uint16_t port = 0;  // index into Shard::out_ports
  Payload vectors;  // elements fp16 values for each lane, little endian; a ghost under kTiming
  Arrival leaves;   // instant and path
};

// One chain as it was issued, for `soliton isa --trace`.
struct ChainIssue {
  std::uint32_t chain = 0;  // program counter
  std::uint32_t segment = 0;
  std::int64_t iteration = 0;
  Instant start{}, end{};  // end: when its last write is visible
  Duration slot{};         // of the matrix-vector unit
  Wait wait{};             // what `start` waited for
};

class Npu {
 public:
  // `shard` must outlive the object and must have passed check_shard().
  Npu(const Shard& shard, ComputeMode mode, NodeId node = {}, TraceBuffer* trace = nullptr);
  ~Npu();
  Npu(const Npu&) = delete;
  Npu& operator=(const Npu&) = delete;

  // `start` is when the request's first message has arrived and the device is free; T0 is added to
  // it. Its path gives the instant at which the client sent the request, from which the paths of
  // all messages of the request must begin. REQUIRES: finished(), start.at >= free_at(), 1 <= lanes
  // <= Shard::batch.
  void begin(RequestId request, std::int64_t steps, Arrival start, std::uint32_t lanes = 1);
  // Queues one message of in port `port` for the current request. REQUIRES: !finished().
  void deliver(std::uint16_t port, Payload vectors, Arrival arrival);
  // Appends every chain issued from now on to `log`, which must outlive the object; null stops
  // this.
  void record_issues(std::vector<ChainIssue>* log);
  // Outputs in order of issue. `leaves` may be later than the caller's present.
  std::optional<NpuOutput> poll_output();
  // Whether there is no current request or all its chains have been issued.
  bool finished() const;
  // When the last result of the last request was written. REQUIRES: finished().
  Instant free_at() const;
  // Once `given_up` is true no values are computed any more, and the contents of outputs are
  // undefined: for callers that may lose interest in the middle of a long request. It must outlive
  // the object.
  void give_up_when(const std::atomic<bool>& given_up);
  // What the program waits for, such as "port 2 (gru0.h from fpga1), step 7"; "" if it does not
  // wait.
  std::string waiting_for() const;
  // The NetQ port that it waits for.
  std::optional<std::uint16_t> waiting_port() const;
  // The contents of one native vector of the register files, in the first lane, or of Dram; empty
  // under kTiming. REQUIRES: the shard touches it.
  std::span<const Half> vector(Memory memory, std::uint32_t index) const;
  const NpuStats& stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> x_;
};

}  // namespace soliton
