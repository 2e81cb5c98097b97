#include "cluster/cli/isa_listing.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/json/json.h"

namespace soliton {
namespace {

constexpr std::uint32_t kEndOfChain = static_cast<std::uint32_t>(Opcode::kEndChain);

// Of one word; s_wr of rows and columns included, which decode() folds into chains.
std::string disassemble(std::uint32_t word) {
  const std::uint32_t opcode = word >> kOpcodeShift;
  if (opcode == kEndOfChain) return "end_chain";
  const std::uint32_t index = word & kMaxIndex;
  if (opcode == static_cast<std::uint32_t>(Opcode::kSWr))
    return print(Instruction{Opcode::kSWr, Memory::kNone, index});
  return "";
}

std::string remark(const Instruction& instruction, const std::vector<ShardMatrix>& matrices) {
  if (instruction.opcode != Opcode::kMvMul) return "";
  const auto found = std::ranges::find_if(matrices, [&](const ShardMatrix& matrix) {
    return matrix.memory == instruction.memory && matrix.tile_address == instruction.index;
  });
  return found == matrices.end() ? "" : "  # " + found->name;
}

// The instructions that the words of a chain stand for, one a word.
std::vector<std::string> instructions_of(const Chain& chain,
                                         const std::vector<std::uint32_t>& words,
                                         const std::vector<ShardMatrix>& matrices) {
  std::vector<std::string> out;
  const std::size_t heads = words.size() - chain.instructions.size() - 1;
  for (std::size_t i = 0; i < heads; ++i) out.push_back(disassemble(words[i]));
  for (const Instruction& instruction : chain.instructions)
    out.push_back(print(instruction) + remark(instruction, matrices));
  out.push_back(disassemble(words.back()));
  return out;
}

std::string segment_text(std::size_t number, const Segment& segment) {
  return fmt::format("segment {}: chains {} to {}, {}\n", number, segment.first,
                     static_cast<std::int64_t>(segment.last) - 1, describe_rounds(segment));
}

// Segments, loops that repeat the same ones counted once.
std::string segments_text(const std::vector<Segment>& segments) {
  constexpr std::size_t kShown = 16;
  std::string text;
  for (std::size_t i = 0; i < std::min(segments.size(), kShown); ++i)
    text += segment_text(i, segments[i]);
  if (segments.size() > kShown)
    text += fmt::format("and {} segments more\n", segments.size() - kShown);
  return text;
}

}  // namespace

std::vector<std::vector<std::uint32_t>> words_by_chain(const Program& program) {
  std::vector<std::vector<std::uint32_t>> out;
  bool open = false;
  for (const std::uint32_t word : encode(program)) {
    if (!open) out.emplace_back();
    out.back().push_back(word);
    open = word >> kOpcodeShift != kEndOfChain;
  }
  return out;
}

std::string describe_rounds(const Segment& segment) {
  if (segment.per_step == 0)
    return segment.fixed == 1 ? "once" : fmt::format("{} times", segment.fixed);
  const std::string steps =
      segment.per_step == 1 ? "steps" : fmt::format("{} * steps", segment.per_step);
  if (segment.fixed == 0) return steps + " times";
  return fmt::format("{} + {} times", segment.fixed, steps);
}

std::string listing_text(const Program& program, const std::vector<ShardMatrix>& matrices) {
  std::string text = segments_text(program.segments);
  const auto words = words_by_chain(program);
  std::size_t address = 0;
  for (std::size_t c = 0; c < program.chains.size(); ++c) {
    const Chain& chain = program.chains[c];
    text += fmt::format("\nchain {}{}  {} x {}\n", c, chain.label.empty() ? "" : " " + chain.label,
                        chain.rows, chain.columns);
    const std::vector<std::string> instructions = instructions_of(chain, words[c], matrices);
    for (std::size_t i = 0; i < words[c].size(); ++i)
      text += fmt::format("{:6}  {:08x}  {}\n", address++, words[c][i], instructions[i]);
  }
  return text;
}

Json listing_json(const Program& program) {
  Json out;
  out["segments"] = Json::array();
  for (const Segment& segment : program.segments)
    out["segments"].push_back({{"first", segment.first},
                               {"last", static_cast<std::int64_t>(segment.last) - 1},
                               {"fixed", segment.fixed},
                               {"per_step", segment.per_step}});
  out["chains"] = Json::array();
  const auto words = words_by_chain(program);
  for (std::size_t c = 0; c < program.chains.size(); ++c) {
    const Chain& chain = program.chains[c];
    Json hex = Json::array();
    for (const std::uint32_t word : words[c]) hex.push_back(fmt::format("{:08x}", word));
    out["chains"].push_back({{"number", c},
                             {"label", chain.label},
                             {"rows", chain.rows},
                             {"columns", chain.columns},
                             {"words", hex},
                             {"instructions", instructions_of(chain, words[c], {})}});
  }
  out["instruction_words"] = program.instruction_words();
  return out;
}

std::string memory_text(const std::vector<MemoryUse>& uses) {
  std::string text;
  for (const MemoryUse& use : uses) {
    const char* unit = use.memory == "Dram"                ? "bytes"
                       : use.memory == "MatrixRf"          ? "tiles"
                       : use.memory == "InstructionMemory" ? "words"
                                                           : "vectors";
    const double share = use.capacity == 0 ? 0
                                           : 100.0 * static_cast<double>(use.used) /
                                                 static_cast<double>(use.capacity);
    text += fmt::format("{:<18}{:>10} of {} {} ({} of {} bytes, {:.1f} %)\n", use.memory, use.used,
                        use.capacity, unit, use.used_bytes.count, use.capacity_bytes.count, share);
  }
  return text;
}

Json memory_json(const std::vector<MemoryUse>& uses) {
  Json out = Json::array();
  for (const MemoryUse& use : uses)
    out.push_back({{"memory", use.memory},
                   {"used", use.used},
                   {"capacity", use.capacity},
                   {"used_bytes", use.used_bytes.count},
                   {"capacity_bytes", use.capacity_bytes.count}});
  return out;
}

std::string words_text(const Program& program) {
  std::string text;
  for (const std::uint32_t word : encode(program)) text += fmt::format("{:08x}\n", word);
  return text;
}

}  // namespace soliton
