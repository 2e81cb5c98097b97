// When each chain starts and when its result is there: timing model C of the npu design page,
// section 8.
//
//   MV chain:       start = max(MVU free, input vector ready, issue)
//                   MVU free = start + slot, slot = max(I, occupancy); with the matrix in Dram not
//                   before its last tile has come and been multiplied (tile_stream.h)
//                   result = max(start + slot + D, MFU operands ready + 1 cycle)
//   vector chain:   start = max(operands ready, issue); result = start + V, without any operation
//   start issue:          T0 after the request's start, then the latest arrival among the NetQ
//   messages read so far
//
// A batch of b lanes: the unit works b times as long on each tile that it has, so a slot is max(I,
// b occupancies), and the stream brings a tile once for all lanes. Results of a chain are there
// when its last lane is. A vector chain takes V and, for each further lane, rows * N / L cycles:
// native vectors pass at L elements a cycle, the rate at which the unit takes them in (C, our own
// choice). Moves stay free: a network port fills more slowly.
//
// A pure move (v_rd, v_wr) takes no time: the model was fitted with T0 covering the way in and out
// of NetQ.
//
// Hazards are kept per native vector. A write becomes visible no earlier than the previous write of
// that vector and no earlier than the last read of its old value. v_rd reads at `start`; the MFU
// operands of an MV chain are read at the latest one cycle before its result, those of a vector
// chain at `start`. In the programs of section 4 only the move of the next input waits for a
// reader, the last product of the old one, behind which the next product would queue anyway: the
// calibration does not depend on the rule.
//
// Time is in ticks of 1/T cycle from the request's start. The NPU adds only compute time to a
// critical path, so a moment needs to remember only the arrival its path came from (`origin`): the
// rest of the path is the difference.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "node/npu/compiled_program.h"
#include "node/npu/moment.h"
#include "node/npu/tile_stream.h"
#include "protocol/base/breakdown.h"
#include "protocol/base/clock_domain.h"

namespace soliton {

struct ChainTimes {
  Moment start;
  Moment result;
};

class ChainTiming {
 public:
  // `shard` and `program` must outlive the object.
  ChainTiming(const Shard& shard, const CompiledProgram& program);

  // All registers are ready and the first chain can start T0 after `start`.
  void begin(const Arrival& start, std::uint32_t lanes = 1);
  // Issues the next chain in program order. `message` is what its v_rd takes from NetQ, null when
  // it reads registers.
  ChainTimes issue(const CompiledChain& chain, const Arrival* message);

  Instant instant(Ticks at) const { return start_.at + clock_.duration(at); }
  // Instant and path of a moment of this request.
  Arrival arrival(Moment moment) const;
  // How long the matrix-vector unit works on the chain, in all lanes.
  Ticks slot(const CompiledChain& chain) const {
    return std::max(chain.slot, lanes_ * chain.occupied);
  }
  // Latest result so far.
  Ticks last_result() const { return last_result_; }
  // Ticks of this request during which nothing was under way and a v_rd waited for its message.
  Ticks waited() const { return waited_; }
  const ClockDomain& clock() const { return clock_; }

 private:
  struct Vector {
    Moment ready;
    Moment in_use;  // never before `ready`: last read of the present value, or its write when
                    // nothing has read it
  };

  void await(const Arrival& message);
  Moment ready(VectorRange range, Moment at_least) const;
  void mark_read(VectorRange range, Moment at);
  ChainTimes product(const CompiledChain& chain, Moment input, const Moment* operands);
  ChainTimes vector_only(const CompiledChain& chain, Moment input, const Moment* operands) const;
  Moment after_hazards(const CompiledChain& chain, Moment result) const;

  ClockDomain clock_;
  Ticks cycle_;
  Ticks depth_;
  Ticks vector_;
  Ticks vector_lane_;  // a native vector of one lane
  Ticks request_;
  Ticks lanes_ = 1;
  std::vector<Vector> vectors_;
  std::vector<Arrival> origins_;
  Arrival start_;
  Moment issue_;
  Moment mvu_free_;
  TileStream stream_;
  Ticks last_result_ = 0;
  Ticks waited_ = 0;
};

}  // namespace soliton
