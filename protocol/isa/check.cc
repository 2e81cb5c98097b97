// check_shard(): everything that must hold before a shard may run, each violation as one error.
#include <fmt/format.h>

#include <algorithm>

#include "protocol/isa/chain_rules.h"
#include "protocol/isa/memory_map.h"
#include "protocol/isa/shard.h"

namespace soliton {

namespace {

bool is_vector_file(Memory memory) {
  return memory == Memory::kInitialVrf || memory == Memory::kAddSubVrf0 ||
         memory == Memory::kAddSubVrf1 || memory == Memory::kMultiplyVrf;
}

class Checker {
 public:
  explicit Checker(const Shard& shard) : shard_(shard), n_(shard.device.native_dim) {}

  Diagnostics run() {
    if (!check_device()) return std::move(found_);
    for (const ShardMatrix& matrix : shard_.matrices) check_matrix(matrix);
    check_matrix_overlaps(Memory::kMatrixRf);
    check_matrix_overlaps(Memory::kDram);
    check_stream();
    check_constants();
    for (std::size_t c = 0; c < shard_.program.chains.size(); ++c) check_program_chain(c);
    check_segments();
    check_budgets();
    return std::move(found_);
  }

 private:
  template <typename... Arguments>
  void report(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    found_.add(ErrorCode::kInvalid,
               shard_.node + ": " + fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  // Nothing below makes sense when this fails.
  bool check_device() {
    const std::size_t before = found_.errors.size();
    if (n_ <= 0) report("device {}: native dimension {} is not positive", shard_.device.name, n_);
    if (shard_.device.formats.empty()) report("device {} has no number format", shard_.device.name);
    const NumberFormat& format = shard_.format;
    if (format.block < 0 || format.scale_bits < 1 || format.mantissa_bits < 0 ||
        format.exponent_bits < 0)
      report("number format {}: negative sizes", format.name);
    return found_.errors.size() == before;
  }

  void check_matrix(const ShardMatrix& matrix) {
    const BfpMatrix& weights = matrix.weights;
    if (matrix.memory != Memory::kMatrixRf && matrix.memory != Memory::kDram)
      report("matrix \"{}\" is placed in {}, which holds no matrices", matrix.name,
             memory_name(matrix.memory));
    if (weights.rows <= 0 || weights.columns <= 0) {
      report("matrix \"{}\": {} x {} weights", matrix.name, weights.rows, weights.columns);
      return;
    }
    if (native_vectors(weights.rows, n_) != matrix.tile_rows ||
        native_vectors(weights.columns, n_) != matrix.tile_columns)
      report("matrix \"{}\": {} x {} weights do not fill {} x {} tiles of {}", matrix.name,
             weights.rows, weights.columns, matrix.tile_rows, matrix.tile_columns, n_);
    if (!weights.mantissas.empty()) check_weights(matrix);
  }

  // Sizes that multiply() relies on.
  void check_weights(const ShardMatrix& matrix) {
    const BfpMatrix& weights = matrix.weights;
    const auto rows = static_cast<std::size_t>(weights.rows);
    if (weights.mantissas.size() != rows * static_cast<std::size_t>(weights.columns))
      report("matrix \"{}\": {} mantissas for {} x {} weights", matrix.name,
             weights.mantissas.size(), weights.rows, weights.columns);
    if (!(weights.format == shard_.format)) {
      report("matrix \"{}\" is in {}, the shard in {}", matrix.name, weights.format.name,
             shard_.format.name);
      return;
    }
    if (weights.block_starts != block_borders(weights.columns, weights.format, n_)) {
      report("matrix \"{}\": its blocks are not those of {} in tiles of {}", matrix.name,
             weights.format.name, n_);
      return;
    }
    if (weights.exponents.size() != rows * static_cast<std::size_t>(weights.blocks_per_row()))
      report("matrix \"{}\": {} shared exponents for {} rows of {} blocks", matrix.name,
             weights.exponents.size(), weights.rows, weights.blocks_per_row());
  }

  void check_matrix_overlaps(Memory memory) {
    std::vector<const ShardMatrix*> order;
    for (const ShardMatrix& matrix : shard_.matrices)
      if (matrix.memory == memory) order.push_back(&matrix);
    std::stable_sort(order.begin(), order.end(), [](const ShardMatrix* a, const ShardMatrix* b) {
      return a->tile_address < b->tile_address;
    });
    for (std::size_t i = 1; i < order.size(); ++i) {
      const ShardMatrix& low = *order[i - 1];
      const std::int64_t end = low.tile_address + tiles_of(low.tile_rows, low.tile_columns);
      if (end > order[i]->tile_address)
        report("matrix \"{}\" at tile {} begins inside matrix \"{}\", which ends at tile {}",
               order[i]->name, order[i]->tile_address, low.name, end);
    }
  }

  // Tiles are streamed one after the other: into a window, at a rate.
  void check_stream() {
    const auto streamed =
        std::find_if(shard_.matrices.begin(), shard_.matrices.end(),
                     [](const ShardMatrix& matrix) { return matrix.memory == Memory::kDram; });
    if (streamed == shard_.matrices.end()) return;
    if (shard_.window_tiles == 0)
      report("matrix \"{}\" lies in Dram, but no tile of MatrixRf is left to stream it through",
             streamed->name);
    if (shard_.device.dram_rate.bits_per_second <= 0)
      report("matrix \"{}\" lies in Dram, but device {} states no dram_bandwidth", streamed->name,
             shard_.device.name);
  }

  void check_constants() {
    for (const ShardVector& vector : shard_.vectors)
      if (!is_vector_file(vector.memory))
        report("constant \"{}\" is placed in {}, which is no vector register file", vector.name,
               memory_name(vector.memory));
    for (const ZeroedRange& range : shard_.zeroed)
      if (!is_vector_file(range.memory))
        report("a zeroed range is placed in {}, which is no vector register file",
               memory_name(range.memory));
  }

  void check_program_chain(std::size_t c) {
    const Chain& chain = shard_.program.chains[c];
    const std::string label = chain.label.empty() ? "" : fmt::format(" \"{}\"", chain.label);
    if (chain.rows < 1 || chain.rows > kMaxScalar || chain.columns < 1 ||
        chain.columns > kMaxScalar)
      report("chain {}{}: {} rows and {} columns, each must be 1 to {}", c, label, chain.rows,
             chain.columns, kMaxScalar);
    if (const std::optional<ChainFault> fault =
            check_chain(chain, shard_.device.multifunction_units)) {
      if (fault->instruction < chain.instructions.size())
        report("{}: {}", instruction_place(shard_, c, fault->instruction), fault->rule);
      else
        report("chain {}{}: {}", c, label, fault->rule);
    }
    for (std::size_t i = 0; i < chain.instructions.size(); ++i) check_operand(c, i);
  }

  void check_operand(std::size_t c, std::size_t i) {
    const Chain& chain = shard_.program.chains[c];
    const Instruction& instruction = chain.instructions[i];
    if (const Status legal = check_instruction(instruction); !legal) {
      report("{}: {}", instruction_place(shard_, c, i), legal.error().message);
      return;
    }
    if (instruction.opcode == Opcode::kMvMul) check_product(c, i);
    if (instruction.memory == Memory::kDram) check_dram(c, i);
    if (instruction.memory != Memory::kNetQ) return;
    const std::int64_t vectors = vectors_handled(chain, i);
    if (instruction.opcode == Opcode::kVRd) check_port(c, i, shard_.in_ports, "input", vectors);
    if (instruction.opcode == Opcode::kVWr) check_port(c, i, shard_.out_ports, "output", vectors);
  }

  void check_product(std::size_t c, std::size_t i) {
    const Chain& chain = shard_.program.chains[c];
    const Instruction& product = chain.instructions[i];
    const auto found = std::find_if(
        shard_.matrices.begin(), shard_.matrices.end(), [&](const ShardMatrix& matrix) {
          return matrix.memory == product.memory && matrix.tile_address == product.index;
        });
    if (found == shard_.matrices.end())
      report("{}: no matrix begins at tile {}{}", instruction_place(shard_, c, i), product.index,
             product.memory == Memory::kDram ? " of Dram" : "");
    else if (found->tile_rows != chain.rows || found->tile_columns != chain.columns)
      report("{}: matrix \"{}\" has {} x {} tiles, the chain {} x {}",
             instruction_place(shard_, c, i), found->name, found->tile_rows, found->tile_columns,
             chain.rows, chain.columns);
  }

  void check_dram(std::size_t c, std::size_t i) {
    const Chain& chain = shard_.program.chains[c];
    const Opcode opcode = chain.instructions[i].opcode;
    if (opcode == Opcode::kMvMul) return;  // reads a matrix, which has been placed and charged
    const bool matrix = opcode == Opcode::kMRd || opcode == Opcode::kMWr;
    const std::int64_t units =
        matrix ? tiles_of(chain.rows, chain.columns) : vectors_handled(chain, i);
    const std::int64_t bits = matrix ? tile_bits(shard_.format, n_) : std::int64_t{16} * n_;
    // In 128 bits: a hostile program may multiply three large numbers here.
    const __int128 bytes = (static_cast<__int128>(chain.instructions[i].index) + units) * bits / 8;
    if (bytes > shard_.device.dram.count)
      report("{}: reaches beyond the {} of Dram", instruction_place(shard_, c, i),
             describe(shard_.device.dram));
  }

  template <typename Port>
  void check_port(std::size_t c, std::size_t i, const std::vector<Port>& ports, const char* kind,
                  std::int64_t vectors) {
    const std::uint32_t number = shard_.program.chains[c].instructions[i].index;
    if (number >= ports.size()) {
      report("{}: there is no {} port {}, the shard has {}", instruction_place(shard_, c, i), kind,
             number, ports.size());
      return;
    }
    const Port& port = ports[number];
    if (native_vectors(port.elements, n_) != vectors)
      report("{}: {} port \"{}\" carries {} elements, {} native vectors, the chain handles {}",
             instruction_place(shard_, c, i), kind, port.name, port.elements,
             native_vectors(port.elements, n_), vectors);
  }

  void check_segments() {
    const std::size_t chains = shard_.program.chains.size();
    std::vector<bool> reached(chains);
    for (std::size_t s = 0; s < shard_.program.segments.size(); ++s) {
      const Segment& segment = shard_.program.segments[s];
      if (segment.first > segment.last || segment.last > chains) {
        report("segment {}: chains {} to {} of {}", s, segment.first, segment.last, chains);
        continue;
      }
      std::fill(reached.begin() + segment.first, reached.begin() + segment.last, true);
    }
    const auto dead = std::find(reached.begin(), reached.end(), false);
    if (dead != reached.end())
      report("chain {} is in no segment: it would never run",
             static_cast<std::size_t>(dead - reached.begin()));
  }

  void check_budgets() {
    for (const MemoryUse& use : memory_use(shard_))
      if (use.used > use.capacity) over_budget(use);
  }

  void over_budget(const MemoryUse& use) {
    const bool tiles = use.memory == "MatrixRf" || use.memory == "Dram";
    const char* unit = use.memory == "InstructionMemory" ? "words" : tiles ? "tiles" : "vectors";
    std::string message = fmt::format(
        "{}: {} of {} needs {} {} ({}), free are {} ({}): {} short", shard_.node, use.memory,
        shard_.device.name, use.used, unit, describe(use.used_bytes), use.capacity,
        describe(use.capacity_bytes), describe(use.used_bytes - use.capacity_bytes));
    if (use.memory == "MatrixRf") message += shares(use);
    const std::vector<Touch> all = touches(shard_);
    const auto first = std::find_if(all.begin(), all.end(), [&](const Touch& touch) {
      return memory_name(touch.memory) == use.memory && touch.end() > use.capacity;
    });
    if (first != all.end()) message += fmt::format("; the first beyond is {}", first->user);
    found_.add(ErrorCode::kDoesNotFit, std::move(message));
  }

  // What of the matrix register file is not pinned weights.
  std::string shares(const MemoryUse& use) const {
    const std::int64_t lanes = lane_tiles(shard_);
    std::string out;
    if (shard_.window_tiles > 0) out += fmt::format(", {} of window", shard_.window_tiles);
    if (lanes > 0) out += fmt::format(", {} of lanes for a batch of {}", lanes, shard_.batch);
    if (out.empty()) return out;
    return fmt::format(" ({} tiles of weights{})", use.used - shard_.window_tiles - lanes, out);
  }

  const Shard& shard_;
  int n_;
  Diagnostics found_;
};

}  // namespace

Diagnostics check_shard(const Shard& shard) { return Checker(shard).run(); }

}  // namespace soliton
