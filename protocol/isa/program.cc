#include "protocol/isa/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "protocol/base/check.h"

namespace soliton {

namespace {

constexpr int kOpcodes = static_cast<int>(Opcode::kEndChain) + 1;
constexpr int kMemories = static_cast<int>(Memory::kNetQ) + 1;
static_assert(kOpcodes <= 32 && kMemories <= 8);

constexpr unsigned bit(Memory memory) { return 1u << static_cast<unsigned>(memory); }
constexpr unsigned kVectorFiles = bit(Memory::kInitialVrf) | bit(Memory::kAddSubVrf0) |
                                  bit(Memory::kAddSubVrf1) | bit(Memory::kMultiplyVrf);
constexpr unsigned kAddFiles = bit(Memory::kAddSubVrf0) | bit(Memory::kAddSubVrf1);

struct OpcodeFacts {
  const char* name;
  unsigned memories;  // allowed ones; kNone means that there is no index either, except for s_wr
  MfuUnit unit;
};

// In the order of Opcode.
constexpr std::array<OpcodeFacts, kOpcodes> kFacts{{
    {"v_rd", kVectorFiles | bit(Memory::kDram) | bit(Memory::kNetQ), MfuUnit::kNone},
    {"v_wr", kVectorFiles | bit(Memory::kDram) | bit(Memory::kNetQ), MfuUnit::kNone},
    {"m_rd", bit(Memory::kDram) | bit(Memory::kNetQ), MfuUnit::kNone},
    {"m_wr", bit(Memory::kDram) | bit(Memory::kMatrixRf), MfuUnit::kNone},
    {"mv_mul", bit(Memory::kMatrixRf) | bit(Memory::kDram), MfuUnit::kNone},
    {"vv_add", kAddFiles, MfuUnit::kAdd},
    {"vv_a_sub_b", kAddFiles, MfuUnit::kAdd},
    {"vv_b_sub_a", kAddFiles, MfuUnit::kAdd},
    {"vv_max", kAddFiles, MfuUnit::kAdd},
    {"vv_mul", bit(Memory::kMultiplyVrf), MfuUnit::kMultiply},
    {"v_sigm", bit(Memory::kNone), MfuUnit::kActivation},
    {"v_tanh", bit(Memory::kNone), MfuUnit::kActivation},
    {"v_relu", bit(Memory::kNone), MfuUnit::kActivation},
    {"s_wr", bit(Memory::kNone), MfuUnit::kNone},
    {"end_chain", bit(Memory::kNone), MfuUnit::kNone},
}};

constexpr std::array<const char*, kMemories> kMemoryNames{
    "none", "InitialVrf", "AddSubVrf_0", "AddSubVrf_1", "MultiplyVrf", "MatrixRf", "Dram", "NetQ"};

// Nothing for a value that is not in the enum: instructions may come from a decoder or a hostile
// message.
const OpcodeFacts* facts(Opcode opcode) {
  const auto number = static_cast<std::size_t>(opcode);
  return number < kFacts.size() ? &kFacts[number] : nullptr;
}

std::string allowed_memories(unsigned memories) {
  std::vector<std::string> names;
  for (int i = 0; i < kMemories; ++i)
    if ((memories & (1u << i)) != 0) names.push_back(kMemoryNames[static_cast<std::size_t>(i)]);
  return fmt::format("{}", fmt::join(names, " or "));
}

Instruction scalar_write(ScalarRegister target, std::uint32_t value) {
  return {Opcode::kSWr, Memory::kNone,
          (static_cast<std::uint32_t>(target) << kRegisterShift) | value};
}

std::uint32_t pack(const Instruction& instruction) {
  return (static_cast<std::uint32_t>(instruction.opcode) << kOpcodeShift) |
         (static_cast<std::uint32_t>(instruction.memory) << kMemoryShift) | instruction.index;
}

Instruction unpack(std::uint32_t word) {
  return {static_cast<Opcode>(word >> kOpcodeShift),
          static_cast<Memory>((word >> kMemoryShift) & 7), word & kMaxIndex};
}

std::vector<bool> segment_heads(const Program& program) {
  std::vector<bool> heads(program.chains.size());
  if (!heads.empty()) heads[0] = true;
  for (const Segment& segment : program.segments)
    if (segment.first < heads.size()) heads[segment.first] = true;
  return heads;
}

struct ScalarWrites {
  bool rows;
  bool columns;
  int count() const { return (rows ? 1 : 0) + (columns ? 1 : 0); }
};

// Which registers chain `i` writes in the encoding.
ScalarWrites scalar_writes(const Program& program, std::size_t i, const std::vector<bool>& heads) {
  if (heads[i]) return {true, true};
  const Chain& chain = program.chains[i];
  const Chain& previous = program.chains[i - 1];
  return {chain.rows != previous.rows, chain.columns != previous.columns};
}

// Takes words one by one and builds chains; remembers what the scalar registers hold and which were
// written.
class Decoder {
 public:
  Status take(std::uint32_t word) {
    const Instruction instruction = unpack(word);
    if (Status legal = check_instruction(instruction); !legal) return legal;
    if (instruction.opcode == Opcode::kSWr) return write_register(instruction.index);
    if (!in_body_) {
      if (Status begun = begin_body(); !begun) return begun;
    }
    if (instruction.opcode == Opcode::kEndChain) {
      program_.chains.push_back(std::move(chain_));
      chain_ = Chain{{}, rows_, columns_, {}};
      in_body_ = wrote_rows_ = wrote_columns_ = false;
      return {};
    }
    chain_.instructions.push_back(instruction);
    return {};
  }

  bool between_chains() const { return !in_body_ && !wrote_rows_ && !wrote_columns_; }
  Program finish() { return std::move(program_); }

 private:
  Status write_register(std::uint32_t index) {
    const bool rows =
        (index >> kRegisterShift) == static_cast<std::uint32_t>(ScalarRegister::kRows);
    if (in_body_) return invalid("s_wr inside a chain");
    if (wrote_columns_ || (rows && wrote_rows_))
      return invalid("s_wr out of order: at most rows, then columns, before a chain");
    (rows ? wrote_rows_ : wrote_columns_) = true;
    (rows ? chain_.rows : chain_.columns) = index & kMaxScalar;
    return {};
  }

  // A register written alone must change: only the head of a segment repeats values, and it writes
  // both.
  Status begin_body() {
    const bool both = wrote_rows_ && wrote_columns_;
    if (program_.chains.empty() && !both)
      return invalid("the first chain does not write rows and columns");
    if (!both && wrote_rows_ && chain_.rows == rows_)
      return invalid("s_wr rows writes the value it has");
    if (!both && wrote_columns_ && chain_.columns == columns_)
      return invalid("s_wr columns writes the value it has");
    rows_ = chain_.rows;
    columns_ = chain_.columns;
    in_body_ = true;
    return {};
  }

  Program program_;
  Chain chain_;
  std::uint32_t rows_ = 0;
  std::uint32_t columns_ = 0;
  bool in_body_ = false;
  bool wrote_rows_ = false;
  bool wrote_columns_ = false;
};

std::string print_segment(const Segment& segment) {
  const std::string chains =
      fmt::format("chains {} to {}", segment.first, static_cast<std::int64_t>(segment.last) - 1);
  if (segment.per_step == 0) return fmt::format("# {}, {} times", chains, segment.fixed);
  const std::string steps =
      segment.per_step == 1 ? "steps" : fmt::format("{} * steps", segment.per_step);
  if (segment.fixed == 0) return fmt::format("# {}, {} times", chains, steps);
  return fmt::format("# {}, {} {} {} times", chains, steps, segment.fixed < 0 ? '-' : '+',
                     std::abs(static_cast<std::int64_t>(segment.fixed)));
}

std::string print_chain(const Chain& chain) {
  std::vector<std::string> parts;
  for (const Instruction& instruction : chain.instructions) parts.push_back(print(instruction));
  const std::string head = chain.label.empty() ? "" : chain.label + " ";
  return fmt::format("{}{}x{}: {}", head, chain.rows, chain.columns, fmt::join(parts, " · "));
}

}  // namespace

std::string opcode_name(Opcode opcode) {
  const OpcodeFacts* known = facts(opcode);
  return known != nullptr ? known->name : fmt::format("opcode {}", static_cast<int>(opcode));
}

std::string memory_name(Memory memory) {
  const auto number = static_cast<std::size_t>(memory);
  return number < kMemoryNames.size() ? kMemoryNames[number] : fmt::format("memory {}", number);
}

MfuUnit mfu_unit(Opcode opcode) {
  const OpcodeFacts* known = facts(opcode);
  return known != nullptr ? known->unit : MfuUnit::kNone;
}

Status check_instruction(const Instruction& instruction) {
  const OpcodeFacts* known = facts(instruction.opcode);
  if (known == nullptr)
    return invalid(fmt::format("unknown opcode {}", static_cast<int>(instruction.opcode)));
  if (static_cast<int>(instruction.memory) >= kMemories ||
      (known->memories & bit(instruction.memory)) == 0)
    return invalid(fmt::format("{} takes {}, not {}", known->name,
                               allowed_memories(known->memories), memory_name(instruction.memory)));
  if (instruction.index > kMaxIndex)
    return invalid(
        fmt::format("{}: index {} is above {}", known->name, instruction.index, kMaxIndex));
  if (instruction.opcode == Opcode::kSWr) {
    const std::uint32_t target = instruction.index >> kRegisterShift;
    if (target > static_cast<std::uint32_t>(ScalarRegister::kColumns))
      return invalid(fmt::format("s_wr: there is no scalar register {}", target));
    if ((instruction.index & kMaxScalar) == 0)
      return invalid("s_wr: rows and columns are at least 1");
  } else if (known->memories == bit(Memory::kNone) && instruction.index != 0) {
    return invalid(fmt::format("{} takes no index, {} given", known->name, instruction.index));
  }
  return {};
}

std::int64_t Program::instruction_words() const {
  const std::vector<bool> heads = segment_heads(*this);
  std::int64_t words = 0;
  for (std::size_t i = 0; i < chains.size(); ++i)
    words += scalar_writes(*this, i, heads).count() +
             static_cast<std::int64_t>(chains[i].instructions.size()) + 1;
  return words;
}

std::vector<std::uint32_t> encode(const Program& program) {
  const std::vector<bool> heads = segment_heads(program);
  std::vector<std::uint32_t> words;
  for (std::size_t i = 0; i < program.chains.size(); ++i) {
    const Chain& chain = program.chains[i];
    SOLITON_CHECK_MSG(chain.rows >= 1 && chain.rows <= kMaxScalar, "{} rows", chain.rows);
    SOLITON_CHECK_MSG(chain.columns >= 1 && chain.columns <= kMaxScalar, "{} columns",
                      chain.columns);
    const ScalarWrites writes = scalar_writes(program, i, heads);
    if (writes.rows) words.push_back(pack(scalar_write(ScalarRegister::kRows, chain.rows)));
    if (writes.columns)
      words.push_back(pack(scalar_write(ScalarRegister::kColumns, chain.columns)));
    for (const Instruction& instruction : chain.instructions) {
      const Status legal = check_instruction(instruction);
      SOLITON_CHECK_MSG(legal.has_value(), "{}", legal.error().message);
      SOLITON_CHECK(instruction.opcode != Opcode::kSWr && instruction.opcode != Opcode::kEndChain);
      words.push_back(pack(instruction));
    }
    words.push_back(pack({Opcode::kEndChain, Memory::kNone, 0}));
  }
  return words;
}

Result<Program> decode(std::span<const std::uint32_t> words) {
  Decoder decoder;
  for (std::size_t i = 0; i < words.size(); ++i)
    if (Status taken = decoder.take(words[i]); !taken)
      return invalid(
          fmt::format("instruction word {} ({:#010x}): {}", i, words[i], taken.error().message));
  if (!decoder.between_chains())
    return invalid(fmt::format("{} instruction words end inside a chain", words.size()));
  return decoder.finish();
}

std::string print(const Instruction& instruction) {
  const std::string name = opcode_name(instruction.opcode);
  if (instruction.opcode == Opcode::kMvMul && instruction.memory == Memory::kMatrixRf)
    return fmt::format("{} {}", name, instruction.index);
  if (instruction.opcode == Opcode::kSWr)
    return fmt::format("{} {} {}", name,
                       (instruction.index >> kRegisterShift) == 0 ? "rows" : "columns",
                       instruction.index & kMaxScalar);
  if (instruction.memory == Memory::kNone) return name;
  return fmt::format("{} {}[{}]", name, memory_name(instruction.memory), instruction.index);
}

std::string print(const Program& program) {
  std::string text;
  for (std::size_t i = 0; i < program.chains.size(); ++i) {
    for (const Segment& segment : program.segments)
      if (segment.first == i && segment.first < segment.last) text += print_segment(segment) + "\n";
    text += print_chain(program.chains[i]) + "\n";
  }
  return text;
}

}  // namespace soliton
