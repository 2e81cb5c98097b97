// When each chain starts and when its result is ready: the timing model (docs/timing.md). A device
// family is a set of parameters (protocol/isa/device.h), from which CompiledProgram derives the
// slot and the latency of each chain:
//
//   slot    = max(I, occupancy + slot overhead)
//   D, V    = a constant + a term for each native vector of the chain's rows
//
//   MV chain:       start = max(MVU free, input vector ready, issue)
//                   MVU free = start + slot; if the matrix is in Dram, not before its last
//                   tile has arrived and been multiplied (tile_stream.h)
//                   result = max(start + slot + D, MFU operands ready + 1 cycle)
//   vector chain:   start = max(operands ready, issue)
//                   result = start + V, or start if it has no operation
//   issue:          T0 after the request's start, then the latest arrival among the NetQ messages
//                   read so far, by v_rd, m_rd, s_rd or mv_rd. Sums that leave (mv_wr) are there when
//                   a rounded result would be (C)
//
//   Dram:           reads are served one after the other, in program order, and so are writes; the
//                   directions do not delay each other (C). An input from Dram is ready bytes /
//                   DRAM rate after it could start; a write is there as long after the result.
//                   A chain's other writes do not wait for it. Streamed weights have their own
//                   share of the rate, all of it (C)
//   matrix chain:   a move of tiles, by the same rules; an mv_mul waits for tiles on their way into
//                   its matrix, and they for the products with the old ones
//   scalar chain:   takes no time; an s_rd holds issue until its message is there
//
// A batch of b lanes goes through in p = ceil(b / batch lanes of the device) passes: the unit works
// p times as long on each tile that it has, so a slot is max(I, p occupancies + overhead), and the
// stream brings a tile once for all of them. Results of a chain are there when its last lane is. A
// vector chain takes V and, for each further pass, rows * N / L cycles: native vectors go by at L
// elements a cycle, the rate at which the unit takes them in (C, our own choice). Moves stay free:
// a network port fills more slowly.
//
// Devices that hand vectors over word by word do so in programs without recurrence: there word_path.h
// says when inputs are loaded and results are there, and each pass has a slot of its own. On devices
// of several cores a product waits `spread_cycles` for a vector that was made since the product before
// began, and so does every further pass. A port to the host (host_port.h) adds the way of a message's
// vectors: a product begins with the first lane's.
//
// A reduction (v_rsum, v_rmean, v_rmax) adds rows * N / L cycles to V or D: all vectors of the chain
// have gone by before its result can (C). Other functions take no time of their own.
//
// A pure move (v_rd, v_wr) takes no time: the model was fitted with T0 covering the way in and out
// of NetQ.
//
// Hazards are tracked for each native vector. A write becomes visible no earlier than the previous
// write of that vector and no earlier than the last read of its old value. v_rd reads at `start`;
// the MFU operands of an MV chain are read no later than one cycle before its result, those of a
// vector chain at `start`. In the recurrent cells (docs/isa.md) only the move of the next input
// waits for a reader: the last product of the old input, behind which the next product would queue
// anyway. The calibration therefore does not depend on this rule.
//
// Time is in ticks of 1/T cycle since the start of the request. The NPU adds only compute time to a
// critical path, so a moment stores only the arrival that its path came from (`origin`); the rest
// of the path is the difference.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "node/npu/compiled_program.h"
#include "node/npu/host_port.h"
#include "node/npu/moment.h"
#include "node/npu/tile_stream.h"
#include "node/npu/word_path.h"
#include "protocol/base/breakdown.h"
#include "protocol/base/clock_domain.h"

namespace soliton {

// The last thing that the start of a chain waited for.
enum class Wait : std::uint8_t {
  kNothing,   // it started when it was issued
  kMessage,   // its message from NetQ, which delayed its issue
  kVector,    // earlier writes of the vectors or tiles it reads
  kDram,      // the transfer from Dram
  kMatrix,    // tiles being moved into its matrix
  kUnit,      // the matrix-vector unit
  kOperands,  // the operands of a vector chain
};

struct ChainTimes {
  Moment start;
  Moment result;
  Moment written;  // its last write, including writes to Dram and the way to the host
  Moment sent;     // what goes to NetQ has left
  Wait wait = Wait::kNothing;
};

class ChainTiming {
 public:
  // `shard` and `program` must outlive the object.
  ChainTiming(const Shard& shard, const CompiledProgram& program);

  // Begins a request: all registers are ready, and the first chain can start T0 after `start`.
  void begin(const Arrival& start, std::uint32_t lanes = 1);
  // Issues the next chain in program order. `message` is the arrival of the message it takes from
  // NetQ; null if it reads memories.
  ChainTimes issue(const CompiledChain& chain, const Arrival* message);

  Instant instant(Ticks at) const { return later(start_.at, clock_.duration(at)); }
  // The instant and the critical path of a moment of this request.
  Arrival arrival(Moment moment) const;
  // How long the matrix-vector unit works on the chain, for all lanes.
  Ticks slot(const CompiledChain& chain) const {
    if (passes_ == 1) return chain.slot;
    if (by_words_) return times_ticks(chain.slot, passes_);
    return std::max(chain.slot, add_ticks(times_ticks(chain.occupied, passes_), slot_overhead_));
  }
  // The latest result so far.
  Ticks last_result() const { return last_result_; }
  // Ticks of this request in which nothing was in progress and a v_rd waited for its message.
  Ticks waited() const { return waited_; }
  const ClockDomain& clock() const { return clock_; }

 private:
  struct Vector {
    Moment ready;
    Moment in_use;  // never before `ready`: last read of the present value, or its write when
                    // nothing has read it
  };

  bool await(const Arrival& message);
  Moment input_ready(const CompiledChain& chain, Wait& wait);
  Moment arrive(const CompiledChain& chain, Moment at);
  Moment ready(VectorRange range, Moment at_least) const;
  void mark_read(VectorRange range, Moment at);
  ChainTimes product(const CompiledChain& chain, Moment input, const Moment* operands);
  ChainTimes product_by_words(const CompiledChain& chain, Moment input, const Moment* operands);
  Ticks spreading(Moment input);
  ChainTimes vector_only(const CompiledChain& chain, Moment input, const Moment* operands);
  Moment all_lanes(const CompiledChain& chain, Moment input) const;
  Moment after_hazards(const CompiledChain& chain, Moment result) const;
  void write_back(const CompiledChain& chain, ChainTimes& times);

  ClockDomain clock_;
  Ticks cycle_;
  Ticks request_;
  Ticks slot_overhead_;
  Ticks vector_pass_;  // time for one native vector to pass
  Ticks lanes_at_once_;
  Ticks passes_ = 1;
  std::vector<Vector> vectors_;  // native vectors, then native tiles
  std::vector<Arrival> origins_;
  Arrival start_;
  Moment issue_;
  Moment mvu_free_;
  Moment dram_read_free_;
  Moment dram_write_free_;
  TileStream stream_;
  bool by_words_;
  WordPath words_;
  bool has_host_;
  HostPort host_;
  Moment lanes_there_;               // all lanes of the message that the present chain takes
  std::vector<Moment> later_lanes_;  // with a host port, by native vector: all lanes are there
  Ticks spread_;
  Ticks last_product_ = -1;  // its start
  Ticks last_result_ = 0;
  Ticks waited_ = 0;
};

}  // namespace soliton
