// The NPU of one node: memories, chain execution, chain timing. A state machine: it owns no clock.
//
// Requests are served one at a time. Chains are issued in program order; a read of an empty NetQ
// port holds the issue of everything behind it until the message is there. The timing model (model
// C of docs/timing.md) says when each result is written back or leaves; values are computed in
// the same pass, whatever wall time that takes.
//
// A batch is several requests of one length that run through the program together, each in a lane:
// registers of its own, the same chains, so a lane has the bits it would have alone. A message then
// carries the vectors of all lanes, one after the other.
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
  std::uint16_t port = 0;  // of Shard::out_ports
  Payload vectors;         // elements fp16 values a lane, little endian; a ghost under kTiming
  Arrival leaves;          // instant and path
};

// One chain as it was issued, for `soliton isa --trace`.
struct ChainIssue {
  std::uint32_t chain = 0;  // the program counter
  std::uint32_t segment = 0;
  std::int64_t iteration = 0;
  Instant start{}, end{};  // end: its last write
  Duration slot{};         // of the matrix-vector unit
  Wait wait{};             // for what `start` waited
};

class Npu {
 public:
  // `shard` must outlive the object and must have passed check_shard().
  Npu(const Shard& shard, ComputeMode mode, NodeId node = {}, TraceBuffer* trace = nullptr);
  ~Npu();
  Npu(const Npu&) = delete;
  Npu& operator=(const Npu&) = delete;

  // `start` is when the request's first message is there and the device is free; T0 is charged from
  // it. Its path fixes the instant the client sent the request, which the paths of all its messages
  // must go back to. REQUIRES: finished(), start.at >= free_at(), 1 <= lanes <= Shard::batch.
  void begin(RequestId request, std::int64_t steps, Arrival start, std::uint32_t lanes = 1);
  // Queues one message of InPort `port` for the current request. REQUIRES: !finished().
  void deliver(std::uint16_t port, Payload vectors, Arrival arrival);
  // Every chain issued from now on is appended to `log`, which must outlive the object; null stops
  // it.
  void record_issues(std::vector<ChainIssue>* log);
  // Outputs in order of issue; `leaves` may lie in the future of whoever calls.
  std::optional<NpuOutput> poll_output();
  // No request, or all chains of the current one have been issued.
  bool finished() const;
  // When the last result of the last request was written. REQUIRES: finished().
  Instant free_at() const;
  // From when `given_up` is true on, no values are computed, and what is sent means nothing: for
  // whoever may stop wanting an answer in the middle of a long one. It outlives the object.
  void give_up_when(const std::atomic<bool>& given_up);
  // What the program waits for: "port 2 (gru0.h from fpga1), step 7", or "" when it waits for
  // nothing.
  std::string waiting_for() const;
  // The NetQ port of that wait.
  std::optional<std::uint16_t> waiting_port() const;
  // What the register files, in the first lane, and Dram hold. One native vector; empty under
  // kTiming. REQUIRES: the shard touches it.
  std::span<const Half> vector(Memory memory, std::uint32_t index) const;
  const NpuStats& stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> x_;
};

}  // namespace soliton
