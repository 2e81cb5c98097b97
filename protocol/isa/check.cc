// shard_faults(): everything that must hold before a shard may run, each violation as one error.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "protocol/isa/chain_rules.h"
#include "protocol/isa/check_data.h"
#include "protocol/isa/memory_map.h"
#include "protocol/isa/shard.h"

namespace soliton {

namespace {

using Place = ShardPlace;

bool holds_vectors(Memory memory) {
  return memory == Memory::kInitialVrf || memory == Memory::kAddSubVrf0 ||
         memory == Memory::kAddSubVrf1 || memory == Memory::kMultiplyVrf || memory == Memory::kDram;
}

class Checker {
 public:
  explicit Checker(const Shard& shard) : shard_(shard), n_(shard.device.native_dim) {}

  std::vector<ShardFault> run() {
    if (!check_device()) return std::move(found_);
    for (std::size_t i = 0; i < shard_.matrices.size(); ++i) {
      place_ = {Place::Kind::kMatrix, i, 0};
      check_matrix(shard_.matrices[i]);
    }
    check_matrix_overlaps(Memory::kMatrixRf);
    check_matrix_overlaps(Memory::kDram);
    check_stream();
    check_constants();
    for (std::size_t c = 0; c < shard_.program.chains.size(); ++c) check_program_chain(c);
    if (operands_good_) add(check_reads(shard_));
    check_segments();
    check_batch();
    place_ = {};
    check_dram_rate();
    check_budgets();
    return std::move(found_);
  }

 private:
  template <typename... Arguments>
  void report(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    found_.push_back(
        {{ErrorCode::kInvalid, fmt::format(format, std::forward<Arguments>(arguments)...)},
         place_});
  }

  void add(std::vector<ShardFault> more) {
    std::move(more.begin(), more.end(), std::back_inserter(found_));
  }

  // Nothing below makes sense when this fails.
  bool check_device() {
    const std::size_t before = found_.size();
    if (n_ <= 0) report("device {}: native dimension {} is not positive", shard_.device.name, n_);
    if (shard_.device.formats.empty()) report("device {} has no number format", shard_.device.name);
    const NumberFormat& format = shard_.format;
    if (format.block < 0 || format.scale_bits < 0 || format.mantissa_bits < 0 ||
        format.exponent_bits < 0 || format.exponent_bits > 8 || format.mantissa_bits > 23 ||
        format.exponent_bits + format.mantissa_bits == 0)
      report("number format {}: sizes out of range", format.name);
    else if (const Status supported = check_multiplies(format); !supported)
      report("{}", supported.error().message);
    return found_.size() == before;
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
    if (weights.elements() > 0) check_weights(matrix);
  }

  // Sizes that multiply() relies on.
  void check_weights(const ShardMatrix& matrix) {
    const BfpMatrix& weights = matrix.weights;
    const auto rows = static_cast<std::size_t>(weights.rows);
    const bool narrow = has_narrow_elements(weights.format);
    const std::size_t elements = narrow ? weights.mantissas.size() : weights.wide.size();
    if (elements != rows * static_cast<std::size_t>(weights.columns) ||
        elements != weights.elements())
      report("matrix \"{}\": {} mantissas for {} x {} weights", matrix.name, weights.elements(),
             weights.rows, weights.columns);
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
    const Scale scale = weights.format.scale();
    const std::size_t blocks = rows * static_cast<std::size_t>(weights.blocks_per_row());
    if (weights.exponents.size() != (scale == Scale::kPowerOfTwo ? blocks : 0))
      report("matrix \"{}\": {} shared exponents for {} rows of {} blocks", matrix.name,
             weights.exponents.size(), weights.rows, weights.blocks_per_row());
    if (weights.scales.size() != (scale == Scale::kFloat ? blocks : 0))
      report("matrix \"{}\": {} scales for {} rows of {} blocks", matrix.name,
             weights.scales.size(), weights.rows, weights.blocks_per_row());
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
      place_ = {Place::Kind::kMatrix, static_cast<std::size_t>(order[i] - shard_.matrices.data()),
                0};
      if (end > order[i]->tile_address)
        report("matrix \"{}\" at tile {} begins inside matrix \"{}\", which ends at tile {}",
               order[i]->name, order[i]->tile_address, low.name, end);
    }
  }

  // Tiles are streamed one after the other, into a window.
  void check_stream() {
    if (shard_.window_tiles > 0) return;
    for (std::size_t c = 0; c < shard_.program.chains.size(); ++c) {
      const auto& list = shard_.program.chains[c].instructions;
      const auto streamed = std::ranges::find_if(list, [](const Instruction& instruction) {
        return instruction.opcode == Opcode::kMvMul && instruction.memory == Memory::kDram;
      });
      if (streamed == list.end()) continue;
      const auto i = static_cast<std::size_t>(streamed - list.begin());
      place_ = {Place::Kind::kChain, c, i};
      report("{}: the matrix lies in Dram, but no tile of MatrixRf is left to stream it through",
             instruction_place(shard_, c, i));
      return;
    }
  }

  // Lanes have registers of their own, and nothing else: a batch cannot load weights, follow
  // indices of its own, or keep vectors in Dram.
  void check_batch() {
    if (shard_.batch == 0) report("a batch of no request");
    if (shard_.batch <= 1) return;
    for (std::size_t c = 0; c < shard_.program.chains.size(); ++c) {
      const auto& list = shard_.program.chains[c].instructions;
      const auto single = std::ranges::find_if(list, [](const Instruction& instruction) {
        const bool vector = !handles_tiles(instruction.opcode);
        return vector && instruction.memory == Memory::kDram;
      });
      const bool moves = chain_kind(shard_.program.chains[c]) != ChainKind::kVector;
      if (list.empty() || (!moves && single == list.end())) continue;
      const auto i = moves ? std::size_t{0} : static_cast<std::size_t>(single - list.begin());
      place_ = {Place::Kind::kChain, c, i};
      report("{}: works for one request at a time, not for a batch of {}",
             instruction_place(shard_, c, i), shard_.batch);
    }
  }

  void check_constants() {
    for (std::size_t i = 0; i < shard_.vectors.size(); ++i) {
      const ShardVector& vector = shard_.vectors[i];
      place_ = {Place::Kind::kVector, i, 0};
      if (!holds_vectors(vector.memory))
        report("constant \"{}\" is placed in {}, which holds no vectors", vector.name,
               memory_name(vector.memory));
    }
    for (std::size_t i = 0; i < shard_.zeroed.size(); ++i) {
      place_ = {Place::Kind::kZeroed, i, 0};
      if (!holds_vectors(shard_.zeroed[i].memory))
        report("a zeroed range is placed in {}, which holds no vectors",
               memory_name(shard_.zeroed[i].memory));
    }
  }

  void check_program_chain(std::size_t c) {
    const Chain& chain = shard_.program.chains[c];
    const std::size_t length = chain.instructions.size();
    const std::string label = chain.label.empty() ? "" : fmt::format(" \"{}\"", chain.label);
    place_ = {Place::Kind::kChain, c, length};
    if (chain.rows < 1 || chain.rows > kMaxScalar || chain.columns < 1 ||
        chain.columns > kMaxScalar)
      report("chain {}{}: {} rows and {} columns, each must be 1 to {}", c, label, chain.rows,
             chain.columns, kMaxScalar);
    for (const ChainFault& fault : check_chain(chain, shard_.device.multifunction_units)) {
      place_.instruction = fault.instruction;
      if (fault.instruction < length)
        report("{}: {}", instruction_place(shard_, c, fault.instruction), fault.rule);
      else
        report("chain {}{}: {}", c, label, fault.rule);
    }
    for (place_.instruction = 0; place_.instruction < length; ++place_.instruction)
      check_operand(c, place_.instruction);
  }

  void check_operand(std::size_t c, std::size_t i) {
    const Chain& chain = shard_.program.chains[c];
    const Instruction& instruction = chain.instructions[i];
    if (const Status legal = check_instruction(instruction); !legal) {
      report("{}: {}", instruction_place(shard_, c, i), legal.error().message);
      operands_good_ = false;
      return;
    }
    if (instruction.opcode == Opcode::kMvMul) check_product(c, i);
    if (instruction.opcode == Opcode::kMWr && instruction.memory == Memory::kMatrixRf)
      check_load(c, i);
    if (instruction.memory != Memory::kNetQ) return;
    if (instruction.opcode == Opcode::kVWr)
      check_port(c, i, shard_.out_ports, "output", instruction.index, vectors_handled(chain, i));
    else
      check_in_port(c, i);
  }

  void check_in_port(std::size_t c, std::size_t i) {
    const Chain& chain = shard_.program.chains[c];
    const Instruction& instruction = chain.instructions[i];
    if (instruction.opcode == Opcode::kMRd)
      check_port(c, i, shard_.in_ports, "input", instruction.index,
                 tiles_of(chain.rows, chain.columns) * n_);
    else if (instruction.opcode == Opcode::kSRd)
      check_port(c, i, shard_.in_ports, "input", scalar_value(instruction), 1);
    else
      check_port(c, i, shard_.in_ports, "input", instruction.index, vectors_handled(chain, i));
  }

  // The tiles written must be those of a matrix: nothing else in MatrixRf can be read.
  void check_load(std::size_t c, std::size_t i) {
    const Chain& chain = shard_.program.chains[c];
    const std::int64_t first = chain.instructions[i].index;
    const std::int64_t end = first + tiles_of(chain.rows, chain.columns);
    for (const ShardMatrix& matrix : shard_.matrices) {
      if (matrix.memory != Memory::kMatrixRf) continue;
      const std::int64_t last =
          matrix.tile_address + tiles_of(matrix.tile_rows, matrix.tile_columns);
      if (first >= matrix.tile_address && end <= last) return;
    }
    report("{}: tiles {} to {} are not those of one matrix", instruction_place(shard_, c, i), first,
           end - 1);
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

  template <typename Port>
  void check_port(std::size_t c, std::size_t i, const std::vector<Port>& ports, const char* kind,
                  std::uint32_t number, std::int64_t vectors) {
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
      place_ = {Place::Kind::kSegment, s, 0};
      if (segment.first > segment.last || segment.last > chains) {
        report("segment {}: chains {} to {} of {}", s, segment.first, segment.last, chains);
        continue;
      }
      std::fill(reached.begin() + segment.first, reached.begin() + segment.last, true);
    }
    const auto dead = std::find(reached.begin(), reached.end(), false);
    if (dead == reached.end()) return;
    const auto chain = static_cast<std::size_t>(dead - reached.begin());
    place_ = {Place::Kind::kChain, chain, shard_.program.chains[chain].instructions.size()};
    report("chain {} is in no segment: it would never run", chain);
  }

  void check_dram_rate() {
    if (shard_.device.dram_rate.bits_per_second > 0) return;
    for (const Touch& touch : touches(shard_)) {
      if (touch.memory != Memory::kDram) continue;
      place_ = touch.place;
      report("{}: device {} states no dram_bandwidth", user_of(shard_, touch), shard_.device.name);
      return;
    }
  }

  void check_budgets() {
    for (const MemoryUse& use : memory_use(shard_))
      if (use.used > use.capacity) over_budget(use);
  }

  void over_budget(const MemoryUse& use) {
    const bool in_bytes = use.memory == "Dram";
    const char* unit = use.memory == "InstructionMemory" ? "words"
                       : use.memory == "MatrixRf"        ? "tiles"
                                                         : "vectors";
    const std::string needs = in_bytes ? "" : fmt::format("{} {} (", use.used, unit);
    const std::string free = in_bytes ? "" : fmt::format("{} (", use.capacity);
    const char* close = in_bytes ? "" : ")";
    std::string message = fmt::format(
        "{} of {} needs {}{}{}, free are {}{}{}: {} short", use.memory, shard_.device.name, needs,
        describe(use.used_bytes), close, free, describe(use.capacity_bytes), close,
        describe(use.used_bytes - use.capacity_bytes));
    if (use.memory == "MatrixRf") message += shares(use);
    const std::vector<Touch> all = touches(shard_);
    const Touch* culprit = in_bytes ? furthest_in_dram(all) : first_beyond(all, use);
    ShardPlace place;
    if (culprit != nullptr) {
      place = culprit->place;
      message += fmt::format("; the {} is {}", in_bytes ? "furthest" : "first beyond",
                             user_of(shard_, *culprit));
    }
    found_.push_back({{ErrorCode::kDoesNotFit, std::move(message)}, place});
  }

  static const Touch* first_beyond(const std::vector<Touch>& all, const MemoryUse& use) {
    const auto first = std::find_if(all.begin(), all.end(), [&](const Touch& touch) {
      return memory_name(touch.memory) == use.memory && touch.end() > use.capacity;
    });
    return first == all.end() ? nullptr : &*first;
  }

  const Touch* furthest_in_dram(const std::vector<Touch>& all) const {
    const Touch* furthest = nullptr;
    __int128 most = 0;
    for (const Touch& touch : all) {
      const std::int64_t unit = touch.tiles ? tile_bits(shard_.format, n_) : std::int64_t{16} * n_;
      const __int128 bits = static_cast<__int128>(touch.end()) * unit;
      if (touch.memory != Memory::kDram || bits <= most) continue;
      furthest = &touch;
      most = bits;
    }
    return furthest;
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
  ShardPlace place_;
  bool operands_good_ = true;
  std::vector<ShardFault> found_;
};

}  // namespace

std::vector<ShardFault> shard_faults(const Shard& shard) { return Checker(shard).run(); }

Diagnostics check_shard(const Shard& shard) {
  Diagnostics out;
  for (ShardFault& fault : shard_faults(shard))
    out.add(fault.error.code, shard.node + ": " + fault.error.message);
  return out;
}

}  // namespace soliton
