#include "protocol/isa/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "protocol/base/check.h"

namespace soliton {

namespace {

constexpr int kMemories = static_cast<int>(Memory::kNetQ) + 1;
static_assert(kMemories <= 8);
// Words of v_rd and v_wr by offset stand between the opcodes, which have no others above this one.
constexpr std::uint32_t kIndexedWords = 4;
static_assert(kIndexedOpcodes == static_cast<std::uint32_t>(Opcode::kSRd) + 1);
static_assert(kOpcodes + kIndexedWords <= 32);

constexpr unsigned bit(Memory memory) { return 1u << static_cast<unsigned>(memory); }
constexpr unsigned kVectorFiles = bit(Memory::kInitialVrf) | bit(Memory::kAddSubVrf0) |
                                  bit(Memory::kAddSubVrf1) | bit(Memory::kMultiplyVrf);
constexpr unsigned kAddFiles = bit(Memory::kAddSubVrf0) | bit(Memory::kAddSubVrf1);

struct OpcodeFacts {
  const char* name;
  // Allowed ones; kNone means that there is no index either, except for s_wr and reductions.
  unsigned memories;
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
    {"s_add", bit(Memory::kNone), MfuUnit::kNone},
    {"s_rd", bit(Memory::kNetQ), MfuUnit::kNone},
    {"vv_min", kAddFiles, MfuUnit::kAdd},
    {"v_exp", bit(Memory::kNone), MfuUnit::kActivation},
    {"v_rcp", bit(Memory::kNone), MfuUnit::kActivation},
    {"v_rsqrt", bit(Memory::kNone), MfuUnit::kActivation},
    {"v_rsum", bit(Memory::kNone), MfuUnit::kAdd},
    {"v_rmean", bit(Memory::kNone), MfuUnit::kAdd},
    {"v_rmax", bit(Memory::kNone), MfuUnit::kAdd},
    {"mv_rd", bit(Memory::kNetQ), MfuUnit::kNone},
    {"mv_wr", bit(Memory::kNetQ), MfuUnit::kNone},
}};

constexpr std::array<const char*, 4> kRegisterNames{"rows", "columns", "offset_0", "offset_1"};

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

bool is_scalar(Opcode opcode) {
  return opcode == Opcode::kSWr || opcode == Opcode::kSAdd || opcode == Opcode::kSRd;
}

bool is_offset(ScalarRegister target) {
  return target == ScalarRegister::kOffset0 || target == ScalarRegister::kOffset1;
}

std::uint32_t word_opcode(const Instruction& instruction) {
  if (instruction.indexing == Indexing::kDirect) {
    const auto opcode = static_cast<std::uint32_t>(instruction.opcode);
    return opcode < kIndexedOpcodes ? opcode : opcode + kIndexedWords;
  }
  const std::uint32_t offset = instruction.indexing == Indexing::kOffset0 ? 0 : 1;
  return kIndexedOpcodes + 2 * offset + (instruction.opcode == Opcode::kVWr ? 1 : 0);
}

std::uint32_t pack(const Instruction& instruction) {
  return (word_opcode(instruction) << kOpcodeShift) |
         (static_cast<std::uint32_t>(instruction.memory) << kMemoryShift) | instruction.index;
}

Instruction unpack(std::uint32_t word) {
  const std::uint32_t opcode = word >> kOpcodeShift;
  Instruction out{static_cast<Opcode>(opcode), static_cast<Memory>((word >> kMemoryShift) & 7),
                  word & kMaxIndex};
  if (opcode < kIndexedOpcodes) return out;
  if (opcode >= kIndexedOpcodes + kIndexedWords) {
    out.opcode = static_cast<Opcode>(opcode - kIndexedWords);
    return out;
  }
  out.opcode = (opcode - kIndexedOpcodes) % 2 == 0 ? Opcode::kVRd : Opcode::kVWr;
  out.indexing = opcode - kIndexedOpcodes < 2 ? Indexing::kOffset0 : Indexing::kOffset1;
  return out;
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
    if (instruction.opcode == Opcode::kSWr && !is_offset(scalar_register(instruction)))
      return write_register(instruction);
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
  Status write_register(const Instruction& instruction) {
    const bool rows = scalar_register(instruction) == ScalarRegister::kRows;
    // The encoding has one canonical form: decode() refuses every other, so that equal programs
    // have equal words.
    if (in_body_) return invalid("s_wr inside a chain");
    if (wrote_columns_ || (rows && wrote_rows_))
      return invalid("s_wr out of order: at most rows, then columns, before a chain");
    (rows ? wrote_rows_ : wrote_columns_) = true;
    (rows ? chain_.rows : chain_.columns) = scalar_value(instruction);
    return {};
  }

  // A register written alone must change: only the head of a segment repeats values, and it writes
  // both.
  Status begin_body() {
    const bool both = wrote_rows_ && wrote_columns_;
    if (program_.chains.empty() && !both)
      return invalid("the first chain does not write rows and columns");
    if (!both && wrote_rows_ && chain_.rows == rows_)
      return invalid("s_wr rows writes the value that the register holds");
    if (!both && wrote_columns_ && chain_.columns == columns_)
      return invalid("s_wr columns writes the value that the register holds");
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

// What the index of a scalar instruction may be.
Status check_scalar(const Instruction& instruction) {
  const std::string name = opcode_name(instruction.opcode);
  const std::uint32_t number = instruction.index >> kRegisterShift;
  if (number >= kRegisterNames.size())
    return invalid(fmt::format("{}: there is no scalar register {}", name, number));
  const ScalarRegister target = scalar_register(instruction);
  if (instruction.opcode != Opcode::kSWr && !is_offset(target))
    return invalid(
        fmt::format("{} takes offset_0 or offset_1, not {}", name, register_name(target)));
  if (!is_offset(target) && scalar_value(instruction) == 0)
    return invalid("s_wr: rows and columns are at least 1");
  return {};
}

Status check_indexing(const Instruction& instruction) {
  const std::string name = opcode_name(instruction.opcode);
  if (instruction.opcode != Opcode::kVRd && instruction.opcode != Opcode::kVWr)
    return invalid(fmt::format("{} takes no offset: v_rd and v_wr do", name));
  if (instruction.indexing != Indexing::kOffset0 && instruction.indexing != Indexing::kOffset1)
    return invalid(fmt::format("{}: unknown offset", name));
  if (instruction.memory == Memory::kNetQ)
    return invalid(fmt::format("{}: a port of NetQ takes no offset", name));
  return {};
}

std::string print_scalar(const Instruction& instruction) {
  const std::string head = fmt::format("{} {}, ", opcode_name(instruction.opcode),
                                       register_name(scalar_register(instruction)));
  if (instruction.opcode == Opcode::kSAdd) return head + std::to_string(scalar_step(instruction));
  if (instruction.opcode == Opcode::kSRd)
    return fmt::format("{}NetQ[{}]", head, scalar_value(instruction));
  return head + std::to_string(scalar_value(instruction));
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

std::string register_name(ScalarRegister target) {
  const auto number = static_cast<std::size_t>(target);
  return number < kRegisterNames.size() ? kRegisterNames[number]
                                        : fmt::format("register {}", number);
}

Instruction write_scalar(ScalarRegister target, std::uint32_t value) {
  SOLITON_CHECK_MSG(value <= kMaxScalar, "{}", value);
  return {Opcode::kSWr, Memory::kNone,
          (static_cast<std::uint32_t>(target) << kRegisterShift) | value};
}

Instruction step_offset(ScalarRegister target, std::int32_t step) {
  SOLITON_CHECK_MSG(is_offset(target) && step >= kMinStep && step <= kMaxStep, "{}", step);
  return {Opcode::kSAdd, Memory::kNone,
          (static_cast<std::uint32_t>(target) << kRegisterShift) |
              (static_cast<std::uint32_t>(step) & kMaxScalar)};
}

Instruction read_offset(ScalarRegister target, std::uint32_t port) {
  SOLITON_CHECK_MSG(is_offset(target) && port <= kMaxScalar, "{}", port);
  return {Opcode::kSRd, Memory::kNetQ,
          (static_cast<std::uint32_t>(target) << kRegisterShift) | port};
}

ChainKind chain_kind(const Chain& chain) {
  if (chain.instructions.empty()) return ChainKind::kVector;
  const Opcode first = chain.instructions.front().opcode;
  if (first == Opcode::kMRd || first == Opcode::kMWr) return ChainKind::kMatrix;
  return is_scalar(first) ? ChainKind::kScalar : ChainKind::kVector;
}

MfuUnit mfu_unit(Opcode opcode) {
  const OpcodeFacts* known = facts(opcode);
  return known != nullptr ? known->unit : MfuUnit::kNone;
}

bool is_reduction(Opcode opcode) {
  return opcode == Opcode::kVRsum || opcode == Opcode::kVRmean || opcode == Opcode::kVRmax;
}

Status check_instruction(const Instruction& instruction) {
  const OpcodeFacts* known = facts(instruction.opcode);
  if (known == nullptr) return invalid(fmt::format("unknown opcode {}", word_opcode(instruction)));
  if (static_cast<int>(instruction.memory) >= kMemories ||
      (known->memories & bit(instruction.memory)) == 0)
    return invalid(fmt::format("{} takes {}, not {}", known->name,
                               allowed_memories(known->memories), memory_name(instruction.memory)));
  if (instruction.index > kMaxIndex)
    return invalid(
        fmt::format("{}: index {} is above {}", known->name, instruction.index, kMaxIndex));
  if (instruction.indexing != Indexing::kDirect) return check_indexing(instruction);
  if (is_scalar(instruction.opcode)) return check_scalar(instruction);
  if (is_reduction(instruction.opcode)) {
    if (instruction.index == 0)
      return invalid(fmt::format("{} takes the number of elements, at least 1", known->name));
    return {};
  }
  if (known->memories == bit(Memory::kNone) && instruction.index != 0)
    return invalid(fmt::format("{} takes no index, {} given", known->name, instruction.index));
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

std::vector<std::int64_t> messages_per_port(const Program& program, QueueSide side,
                                            std::size_t ports, std::int64_t steps) {
  const auto on_side = [side](Opcode opcode) {
    if (side == QueueSide::kSent) return opcode == Opcode::kVWr || opcode == Opcode::kMvWr;
    return opcode == Opcode::kVRd || opcode == Opcode::kSRd || opcode == Opcode::kMvRd;
  };
  std::vector<std::int64_t> out(ports);
  for (const Segment& segment : program.segments)
    for (std::uint32_t chain = segment.first; chain < segment.last; ++chain)
      for (const Instruction& it : program.chains[chain].instructions)
        if (it.memory == Memory::kNetQ && on_side(it.opcode))
          out[it.index] += segment.iterations(steps);
  return out;
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
    if (writes.rows) words.push_back(pack(write_scalar(ScalarRegister::kRows, chain.rows)));
    if (writes.columns)
      words.push_back(pack(write_scalar(ScalarRegister::kColumns, chain.columns)));
    for (const Instruction& instruction : chain.instructions) {
      const Status legal = check_instruction(instruction);
      SOLITON_CHECK_MSG(legal.has_value(), "{}", legal.error().message);
      SOLITON_CHECK(instruction.opcode != Opcode::kEndChain);
      SOLITON_CHECK(instruction.opcode != Opcode::kSWr || is_offset(scalar_register(instruction)));
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
  if (is_scalar(instruction.opcode)) return print_scalar(instruction);
  if (instruction.opcode == Opcode::kMvMul && instruction.memory == Memory::kMatrixRf)
    return fmt::format("{} {}", name, instruction.index);
  if (is_reduction(instruction.opcode)) return fmt::format("{} {}", name, instruction.index);
  if (instruction.memory == Memory::kNone) return name;
  const char* offset = instruction.indexing == Indexing::kDirect    ? ""
                       : instruction.indexing == Indexing::kOffset0 ? "+offset_0"
                                                                    : "+offset_1";
  return fmt::format("{} {}[{}{}]", name, memory_name(instruction.memory), instruction.index,
                     offset);
}

}  // namespace soliton
