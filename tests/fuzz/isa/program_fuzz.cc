#include "tests/fuzz/isa/program_fuzz.h"

#include "protocol/base/check.h"
#include "protocol/isa/assembly.h"
#include "protocol/isa/shard.h"

namespace soliton {

namespace {

// Anything decode() accepts must be the encoding of a program with a segment wherever both scalar
// registers are written.
void expect_canonical(Program program, const std::vector<std::uint32_t>& words) {
  const auto writes_size = [&](std::size_t i) {
    const std::uint32_t opcode = i < words.size() ? words[i] >> kOpcodeShift : ~0U;
    return opcode == static_cast<std::uint32_t>(Opcode::kSWr) &&
           ((words[i] >> kRegisterShift) & 0xf) <=
               static_cast<std::uint32_t>(ScalarRegister::kColumns);
  };
  std::size_t at = 0;
  for (std::uint32_t c = 0; c < program.chains.size(); ++c) {
    const std::size_t writes = writes_size(at) ? (writes_size(at + 1) ? 2 : 1) : 0;
    if (writes == 2) program.segments.push_back({c, c + 1, 1, 0});
    at += writes + program.chains[c].instructions.size() + 1;
  }
  SOLITON_CHECK(encode(program) == words);
}

}  // namespace

bool fuzz_program(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint32_t> words(size / 4);
  for (std::size_t i = 0; i < words.size() * 4; ++i)
    words[i / 4] |= static_cast<std::uint32_t>(data[i]) << (8 * (i % 4));
  Result<Program> program = decode(words);
  if (!program) {
    SOLITON_CHECK(!program.error().message.empty());
    return false;
  }
  expect_canonical(*program, words);
  Shard shard;
  shard.node = "fuzz";
  shard.format = builtin_formats().front();
  shard.device.formats = {{shard.format, 10}};
  for (const NpuFunctionRow& row : kNpuFunctions)
    if (!shard.device.has(row.function)) shard.device.functions.push_back(row.function);
  shard.in_ports = {{"in", 400, false}};
  shard.out_ports = {{"out", 400, {}}};
  shard.program = std::move(*program);
  shard.program.segments = {{0, static_cast<std::uint32_t>(shard.program.chains.size()), 1, 0}};
  const ParsedAssembly parsed = parse_assembly(print(shard.program), "fuzz");
  SOLITON_CHECK_MSG(parsed.errors.empty(), "{}", parsed.errors.text());
  SOLITON_CHECK(parsed.assembly.program == shard.program);
  // A shard that passes has no memory over its budget.
  if (check_shard(shard).empty())
    for (const MemoryUse& use : memory_use(shard)) SOLITON_CHECK(use.used <= use.capacity);
  return true;
}

}  // namespace soliton
