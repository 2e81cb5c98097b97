// What a program says: chains, their operands, segments, and what a batch or a stream asks of them.
#include <fmt/format.h>

#include <algorithm>

#include "protocol/isa/chain_rules.h"
#include "protocol/isa/check_parts.h"
#include "protocol/isa/memory_map.h"

namespace soliton {
namespace {

// The tiles written must be those of a matrix: nothing else in MatrixRf can be read.
void check_load(const Shard& shard, ShardFaults& faults, std::size_t c, std::size_t i) {
  const Chain& chain = shard.program.chains[c];
  const std::int64_t first = chain.instructions[i].index;
  const std::int64_t end = first + tiles_of(chain.rows, chain.columns);
  for (const ShardMatrix& matrix : shard.matrices) {
    if (matrix.memory != Memory::kMatrixRf) continue;
    const std::int64_t last = matrix.tile_address + tiles_of(matrix.tile_rows, matrix.tile_columns);
    if (first >= matrix.tile_address && end <= last) return;
  }
  faults.report("{}: tiles {} to {} are not those of one matrix", instruction_place(shard, c, i),
                first, end - 1);
}

void check_product(const Shard& shard, ShardFaults& faults, std::size_t c, std::size_t i) {
  const Chain& chain = shard.program.chains[c];
  const Instruction& product = chain.instructions[i];
  const auto found =
      std::find_if(shard.matrices.begin(), shard.matrices.end(), [&](const ShardMatrix& matrix) {
        return matrix.memory == product.memory && matrix.tile_address == product.index;
      });
  if (found == shard.matrices.end())
    faults.report("{}: no matrix begins at tile {}{}", instruction_place(shard, c, i),
                  product.index, product.memory == Memory::kDram ? " of Dram" : "");
  else if (found->tile_rows != chain.rows || found->tile_columns != chain.columns)
    faults.report("{}: matrix \"{}\" has {} x {} tiles, the chain {} x {}",
                  instruction_place(shard, c, i), found->name, found->tile_rows,
                  found->tile_columns, chain.rows, chain.columns);
}

template <typename Port>
void check_port(const Shard& shard, ShardFaults& faults, std::size_t c, std::size_t i,
                const std::vector<Port>& ports, const char* kind, std::uint32_t number,
                std::int64_t vectors) {
  if (number >= ports.size()) {
    faults.report("{}: there is no {} port {}, the shard has {}", instruction_place(shard, c, i),
                  kind, number, ports.size());
    return;
  }
  const Port& port = ports[number];
  if (native_vectors(port.elements, shard.device.native_dim) != vectors)
    faults.report("{}: {} port \"{}\" carries {} elements, {} native vectors, the chain handles {}",
                  instruction_place(shard, c, i), kind, port.name, port.elements,
                  native_vectors(port.elements, shard.device.native_dim), vectors);
}

// A message of sums has two fp16 values for each row of the product.
template <typename Port>
void check_sums(const Shard& shard, ShardFaults& faults, std::size_t c, std::size_t i,
                const std::vector<Port>& ports, const char* kind) {
  const Chain& chain = shard.program.chains[c];
  const std::uint32_t number = chain.instructions[i].index;
  if (number >= ports.size()) {
    faults.report("{}: there is no {} port {}, the shard has {}", instruction_place(shard, c, i),
                  kind, number, ports.size());
    return;
  }
  const auto product = std::ranges::find(chain.instructions, Opcode::kMvMul, &Instruction::opcode);
  if (product == chain.instructions.end()) return;
  for (const ShardMatrix& matrix : shard.matrices) {
    if (matrix.memory != product->memory || matrix.tile_address != product->index) continue;
    const std::int64_t wanted = std::int64_t{kElementsPerSum} * matrix.weights.rows;
    if (ports[number].elements != wanted)
      faults.report("{}: {} port \"{}\" carries {} elements, the sums of {} rows take {}",
                    instruction_place(shard, c, i), kind, ports[number].name,
                    ports[number].elements, matrix.weights.rows, wanted);
    return;
  }
}

void check_in_port(const Shard& shard, ShardFaults& faults, std::size_t c, std::size_t i) {
  const Chain& chain = shard.program.chains[c];
  const Instruction& instruction = chain.instructions[i];
  if (instruction.opcode == Opcode::kMRd)
    check_port(shard, faults, c, i, shard.in_ports, "input", instruction.index,
               tiles_of(chain.rows, chain.columns) * shard.device.native_dim);
  else if (instruction.opcode == Opcode::kSRd)
    check_port(shard, faults, c, i, shard.in_ports, "input", scalar_value(instruction), 1);
  else
    check_port(shard, faults, c, i, shard.in_ports, "input", instruction.index,
               vectors_handled(chain, i));
}

void check_function(const Shard& shard, ShardFaults& faults, std::size_t c, std::size_t i) {
  const NpuFunctionRow* function = function_of(shard.program.chains[c].instructions[i].opcode);
  if (function == nullptr || shard.device.has(function->function)) return;
  faults.report("{}: device {} does not declare the function {}; its functions: {}",
                instruction_place(shard, c, i), shard.device.name, function->name,
                function_names(shard.device.functions));
}

void check_reduction(const Shard& shard, ShardFaults& faults, std::size_t c, std::size_t i) {
  const Chain& chain = shard.program.chains[c];
  const std::int64_t held = std::int64_t{chain.rows} * shard.device.native_dim;
  if (chain.instructions[i].index > held)
    faults.report("{}: {} elements, the chain has {}: {} rows of {}",
                  instruction_place(shard, c, i), chain.instructions[i].index, held, chain.rows,
                  shard.device.native_dim);
}

// False if the instruction cannot have such an operand.
bool check_operand(const Shard& shard, ShardFaults& faults, std::size_t c, std::size_t i) {
  const Chain& chain = shard.program.chains[c];
  const Instruction& instruction = chain.instructions[i];
  if (const Status legal = check_instruction(instruction); !legal) {
    faults.report("{}: {}", instruction_place(shard, c, i), legal.error().message);
    return false;
  }
  check_function(shard, faults, c, i);
  if (is_reduction(instruction.opcode)) check_reduction(shard, faults, c, i);
  if (instruction.opcode == Opcode::kMvMul) check_product(shard, faults, c, i);
  if (instruction.opcode == Opcode::kMWr && instruction.memory == Memory::kMatrixRf)
    check_load(shard, faults, c, i);
  if (instruction.memory != Memory::kNetQ) return true;
  if (instruction.opcode == Opcode::kMvRd)
    check_sums(shard, faults, c, i, shard.in_ports, "input");
  else if (instruction.opcode == Opcode::kMvWr)
    check_sums(shard, faults, c, i, shard.out_ports, "output");
  else if (instruction.opcode == Opcode::kVWr)
    check_port(shard, faults, c, i, shard.out_ports, "output", instruction.index,
               vectors_handled(chain, i));
  else
    check_in_port(shard, faults, c, i);
  return true;
}

bool check_program_chain(const Shard& shard, ShardFaults& faults, std::size_t c) {
  const Chain& chain = shard.program.chains[c];
  const std::size_t length = chain.instructions.size();
  const std::string label = chain.label.empty() ? "" : fmt::format(" \"{}\"", chain.label);
  faults.at({ShardPlace::Kind::kChain, c, length});
  if (chain.rows < 1 || chain.rows > kMaxScalar || chain.columns < 1 || chain.columns > kMaxScalar)
    faults.report("chain {}{}: {} rows and {} columns, each must be 1 to {}", c, label, chain.rows,
                  chain.columns, kMaxScalar);
  for (const ChainFault& fault : check_chain(chain, shard.device.multifunction_units)) {
    faults.at({ShardPlace::Kind::kChain, c, fault.instruction});
    if (fault.instruction < length)
      faults.report("{}: {}", instruction_place(shard, c, fault.instruction), fault.rule);
    else
      faults.report("chain {}{}: {}", c, label, fault.rule);
  }
  bool good = true;
  for (std::size_t i = 0; i < length; ++i) {
    faults.at({ShardPlace::Kind::kChain, c, i});
    good = check_operand(shard, faults, c, i) && good;
  }
  return good;
}

}  // namespace

bool check_chains(const Shard& shard, ShardFaults& faults) {
  bool good = true;
  for (std::size_t c = 0; c < shard.program.chains.size(); ++c)
    good = check_program_chain(shard, faults, c) && good;
  return good;
}

void check_segments(const Shard& shard, ShardFaults& faults) {
  const std::size_t chains = shard.program.chains.size();
  std::vector<bool> reached(chains);
  for (std::size_t s = 0; s < shard.program.segments.size(); ++s) {
    const Segment& segment = shard.program.segments[s];
    faults.at({ShardPlace::Kind::kSegment, s, 0});
    if (segment.first > segment.last || segment.last > chains) {
      faults.report("segment {} names chains {} to {}, the program has {}", s, segment.first,
                    segment.last, chains);
      continue;
    }
    std::fill(reached.begin() + segment.first, reached.begin() + segment.last, true);
  }
  const auto dead = std::find(reached.begin(), reached.end(), false);
  if (dead == reached.end()) return;
  const auto chain = static_cast<std::size_t>(dead - reached.begin());
  faults.at({ShardPlace::Kind::kChain, chain, shard.program.chains[chain].instructions.size()});
  faults.report("chain {} is in no segment: it would never run", chain);
}

// Lanes have registers of their own, and nothing else: a batch cannot load weights, follow
// indices of its own, or keep vectors in Dram.
void check_batch(const Shard& shard, ShardFaults& faults) {
  if (shard.batch == 0) faults.report("the batch is 0 requests; at least 1");
  if (shard.batch <= 1) return;
  for (std::size_t c = 0; c < shard.program.chains.size(); ++c) {
    const auto& list = shard.program.chains[c].instructions;
    const auto single = std::ranges::find_if(list, [](const Instruction& instruction) {
      const bool vector = !handles_tiles(instruction.opcode);
      return vector && instruction.memory == Memory::kDram;
    });
    const bool moves = chain_kind(shard.program.chains[c]) != ChainKind::kVector;
    if (list.empty() || (!moves && single == list.end())) continue;
    const auto i = moves ? std::size_t{0} : static_cast<std::size_t>(single - list.begin());
    faults.at({ShardPlace::Kind::kChain, c, i});
    faults.report("{}: works for one request at a time, not for a batch of {}",
                  instruction_place(shard, c, i), shard.batch);
  }
}

// Tiles are streamed one after the other, into a window.
void check_stream(const Shard& shard, ShardFaults& faults) {
  if (shard.window_tiles > 0) return;
  for (std::size_t c = 0; c < shard.program.chains.size(); ++c) {
    const auto& list = shard.program.chains[c].instructions;
    const auto streamed = std::ranges::find_if(list, [](const Instruction& instruction) {
      return instruction.opcode == Opcode::kMvMul && instruction.memory == Memory::kDram;
    });
    if (streamed == list.end()) continue;
    const auto i = static_cast<std::size_t>(streamed - list.begin());
    faults.at({ShardPlace::Kind::kChain, c, i});
    faults.report(
        "{}: the matrix lies in Dram, but no tile of MatrixRf is left to stream it through",
        instruction_place(shard, c, i));
    return;
  }
}

}  // namespace soliton
