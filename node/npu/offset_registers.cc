#include "node/npu/offset_registers.h"

#include <cstring>

#include "protocol/base/check.h"

namespace soliton {

OffsetRegisters::Register& OffsetRegisters::at(ScalarRegister target) {
  SOLITON_CHECK(target == ScalarRegister::kOffset0 || target == ScalarRegister::kOffset1);
  return registers_[target == ScalarRegister::kOffset0 ? 0 : 1];
}

void OffsetRegisters::run(const CompiledChain& chain, const Payload* message) {
  for (const Instruction& instruction : chain.instructions) {
    Register& target = at(scalar_register(instruction));
    switch (instruction.opcode) {
      case Opcode::kSWr:
        target = {scalar_value(instruction), false, true};
        break;
      case Opcode::kSAdd:
        target.value += scalar_step(instruction);
        break;
      case Opcode::kSRd:
        SOLITON_CHECK(message != nullptr);
        read(target, chain, *message);
        break;
      default:
        SOLITON_CHECK_MSG(false, "{} is not an instruction of a scalar chain",
                          opcode_name(instruction.opcode));
    }
  }
}

void OffsetRegisters::read(Register& target, const CompiledChain& chain, const Payload& message) {
  target = {0, true, message.bytes.size() >= sizeof(std::uint16_t)};
  if (!target.known) return;
  std::uint16_t entry = 0;
  std::memcpy(&entry, message.bytes.data(), sizeof entry);
  target.value = std::int64_t{entry} * chain.rows;
}

OffsetRegisters::Access OffsetRegisters::access(const Instruction& instruction,
                                                std::uint32_t count) {
  const Register& offset = registers_[instruction.indexing == Indexing::kOffset0 ? 0 : 1];
  const VectorRange file = program_.layout().file(instruction.memory);
  const std::int64_t first = instruction.index + offset.value;
  Access out;
  out.fault = offset.known && (first < 0 || first + count > file.count);
  if (out.fault) ++faults_;
  if (offset.known && !out.fault)
    out.values = {file.first + static_cast<std::uint32_t>(first), count};
  out.timing = out.values;
  if (offset.from_message)
    out.timing = program_.writes(instruction.memory) ? file : VectorRange{file.first, 0};
  return out;
}

const ResolvedChain& OffsetRegisters::resolve(const CompiledChain& chain) {
  resolved_ = {chain, chain};
  const Instruction& read = chain.instructions.front();
  if (read.indexing != Indexing::kDirect) {
    const Access source = access(read, chain.source.count);
    resolved_.values.source_fault = source.fault;
    if (!source.fault) resolved_.values.source.first = source.values.first;
    resolved_.timing.source = source.timing;
  }
  value_writes_.assign(chain.writes.begin(), chain.writes.end());
  timing_writes_ = value_writes_;
  for (std::size_t i = 0; i < value_writes_.size(); ++i) {
    const Instruction& write = value_writes_[i].instruction;
    if (write.indexing == Indexing::kDirect) continue;
    const Access target = access(write, chain.rows);
    value_writes_[i].vectors = target.values;
    timing_writes_[i].vectors = target.timing;
  }
  resolved_.values.writes = value_writes_;
  resolved_.timing.writes = timing_writes_;
  return resolved_;
}

}  // namespace soliton
