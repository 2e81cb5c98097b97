// The offset registers of the scalar core, and the addresses that chains using them access.
//
// An index outside the entries of its memory is a fault; it neither crashes nor is clipped. The
// whole access counts once in `faults()`, a read gives NaN, and a write is dropped.
//
// Timing never depends on data, so an offset that came from a message is unknown to the timing
// model: such an access waits for, and delays, every vector of its memory (none if the program
// never writes there). Offsets made only by s_wr and s_add are known, and their hazards are tracked
// by address.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "node/npu/compiled_program.h"
#include "protocol/base/payload.h"

namespace soliton {

// A chain by offset with its addresses filled in, once as values are computed and once as it is
// timed. Valid until the next resolve().
struct ResolvedChain {
  CompiledChain values;
  CompiledChain timing;
};

class OffsetRegisters {
 public:
  explicit OffsetRegisters(const CompiledProgram& program) : program_(program) {}

  // Sets both offset registers to 0.
  void begin() { registers_ = {}; }
  // Executes a scalar chain. `message` is the message that its s_rd takes, otherwise null. If the
  // message has no values (a ghost) the offset stays unknown. An index counts entries of `rows`
  // native vectors.
  void run(const CompiledChain& chain, const Payload* message);
  // REQUIRES: chain.by_offset.
  const ResolvedChain& resolve(const CompiledChain& chain);
  // Number of accesses out of range so far.
  std::uint64_t faults() const { return faults_; }

 private:
  struct Register {
    std::int64_t value = 0;
    bool from_message = false;
    bool known = true;  // false: it came from a message without values
  };
  struct Access {
    VectorRange values;
    VectorRange timing;
    bool fault = false;
  };

  Register& at(ScalarRegister target);
  void read(Register& target, const CompiledChain& chain, const Payload& message);
  Access access(const Instruction& instruction, std::uint32_t count);

  const CompiledProgram& program_;
  std::array<Register, 2> registers_{};
  std::uint64_t faults_ = 0;
  ResolvedChain resolved_;
  std::vector<WriteTarget> value_writes_;
  std::vector<WriteTarget> timing_writes_;
};

}  // namespace soliton
