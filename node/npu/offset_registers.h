// The offset registers of the scalar core, and what chains that use them access.
//
// An index out of the memory's entries is a fault, never a crash and never clipped: the whole
// access counts once in `faults()`, a read gives NaN, a write is dropped.
//
// Timing never depends on data. An offset that came from a message is not known to the timing
// model: such an access waits for, and holds up, every vector of its memory (none when the program
// writes nothing there). Offsets that s_wr and s_add alone have made are known, and hazards go by
// address.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "node/npu/compiled_program.h"
#include "protocol/base/payload.h"

namespace soliton {

// A chain by offset with its addresses filled in, as the values see it and as the times do. Valid
// until the next resolve().
struct ResolvedChain {
  CompiledChain values;
  CompiledChain timing;
};

class OffsetRegisters {
 public:
  explicit OffsetRegisters(const CompiledProgram& program) : program_(program) {}

  // Both are 0.
  void begin() { registers_ = {}; }
  // Runs a scalar chain. `message` is what its s_rd takes, null otherwise; without values (a ghost)
  // the offset stays unknown. An index counts entries of `rows` native vectors.
  void run(const CompiledChain& chain, const Payload* message);
  // REQUIRES: chain.by_offset.
  const ResolvedChain& resolve(const CompiledChain& chain);
  // Accesses out of range so far.
  std::uint64_t faults() const { return faults_; }

 private:
  struct Register {
    std::int64_t value = 0;
    bool from_message = false;
    bool known = true;  // false: from a message without values
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
