#include "node/npu/matrix_tiles.h"

#include <algorithm>
#include <limits>
#include <ranges>

#include "protocol/base/check.h"
#include "protocol/isa/memory_map.h"

namespace soliton {
namespace {

// A rectangle of elements, or of blocks.
struct Extent {
  int rows = 0;
  int columns = 0;
};
struct Corner {
  int row = 0;
  int column = 0;
  int pitch = 0;  // of the array it lies in
  std::size_t at(int r) const {
    return static_cast<std::size_t>(row + r) * static_cast<std::size_t>(pitch) +
           static_cast<std::size_t>(column);
  }
};

// Vectors that the format does not use are empty on both sides.
template <typename Vector>
void copy_rectangle(const Vector& from, Corner source, Vector& to, Corner target, Extent extent) {
  if (from.empty() || to.empty()) return;
  for (int r = 0; r < extent.rows; ++r)
    std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(source.at(r)), extent.columns,
                to.begin() + static_cast<std::ptrdiff_t>(target.at(r)));
}

BfpMatrix zeros(int rows, int columns, const NumberFormat& format, int native_dim) {
  const std::vector<float> weights(static_cast<std::size_t>(rows) *
                                   static_cast<std::size_t>(columns));
  auto out = quantise_matrix(weights, rows, columns, format, native_dim, "zeros");
  SOLITON_CHECK_MSG(out.has_value(), "{}", out.error().message);
  return std::move(*out);
}

// Whether any m_wr reaches into the tiles of the matrix. A matrix that none reaches is used where
// it lies: a copy would double the memory of a node.
bool written_by_program(const Shard& shard, const ShardMatrix& matrix) {
  const std::int64_t end = matrix.tile_address + tiles_of(matrix.tile_rows, matrix.tile_columns);
  for (const Chain& chain : shard.program.chains)
    for (const Instruction& instruction : chain.instructions)
      if (instruction.opcode == Opcode::kMWr && instruction.memory == matrix.memory &&
          instruction.index < end &&
          matrix.tile_address < instruction.index + tiles_of(chain.rows, chain.columns))
        return true;
  return false;
}

std::size_t block_count(const BfpMatrix& matrix) {
  return static_cast<std::size_t>(matrix.rows) * static_cast<std::size_t>(matrix.blocks_per_row());
}

// First block of the row at `column`, which is the first of a native tile. Blocks begin anew at
// every native tile (docs/numbers.md), so a tile consists of whole blocks, and exponents move with
// their tile.
int block_at(const BfpMatrix& matrix, int column) {
  const auto found = std::ranges::lower_bound(matrix.block_starts, column);
  return static_cast<int>(found - matrix.block_starts.begin());
}

}  // namespace

MatrixTiles::MatrixTiles(const Shard& shard) : shard_(shard), written_(shard.matrices.size()) {
  for (std::size_t i = 0; i < written_.size(); ++i)
    if (written_by_program(shard, shard.matrices[i]))
      written_[i] = Written{shard.matrices[i].weights, {}};
}

const BfpMatrix& MatrixTiles::weights(const ShardMatrix& matrix) const {
  const std::optional<Written>& own =
      written_[static_cast<std::size_t>(&matrix - shard_.matrices.data())];
  return own ? own->weights : matrix.weights;
}

void MatrixTiles::poison(const ShardMatrix& matrix, std::span<float> sums) const {
  const std::optional<Written>& own =
      written_[static_cast<std::size_t>(&matrix - shard_.matrices.data())];
  if (!own || own->poisoned.empty()) return;
  const std::ptrdiff_t blocks = own->weights.blocks_per_row();
  for (std::size_t r = 0; r < sums.size(); ++r) {
    const auto first = own->poisoned.begin() + static_cast<std::ptrdiff_t>(r) * blocks;
    // Kernels have no representation of a weight that is NaN. One such block makes every product of
    // its row NaN, whatever the other factors are.
    if (std::find(first, first + blocks, true) != first + blocks)
      sums[r] = std::numeric_limits<float>::quiet_NaN();
  }
}

bool MatrixTiles::holds(const ShardMatrix& matrix, Memory memory, std::uint32_t tile) {
  return matrix.memory == memory && tile >= matrix.tile_address &&
         tile - matrix.tile_address < tiles_of(matrix.tile_rows, matrix.tile_columns);
}

std::optional<MatrixTiles::Home> MatrixTiles::home(Memory memory, std::uint32_t tile) const {
  for (std::size_t i = 0; i < shard_.matrices.size(); ++i) {
    const ShardMatrix& matrix = shard_.matrices[i];
    if (!holds(matrix, memory, tile)) continue;
    // Tiles are stored row-major (docs/isa.md).
    const std::uint32_t number = tile - matrix.tile_address;
    const int n = shard_.device.native_dim;
    return Home{i, static_cast<int>(number / matrix.tile_columns) * n,
                static_cast<int>(number % matrix.tile_columns) * n};
  }
  return std::nullopt;
}

WeightTile MatrixTiles::read(Memory memory, std::uint32_t tile) const {
  const int n = shard_.device.native_dim;
  WeightTile out{zeros(n, n, shard_.format, n), {}};
  const std::optional<Home> from = home(memory, tile);
  // A tile of Dram that nothing has written yet is zeros.
  if (!from) {
    const auto found = dram_.find(tile);
    return found != dram_.end() ? found->second : out;
  }
  const BfpMatrix& matrix = weights(shard_.matrices[from->matrix]);
  // Matrices have no padding, tiles do: at the lower and right edge the rest of a tile is zeros.
  const Extent extent{std::min(n, matrix.rows - from->row),
                      std::min(n, matrix.columns - from->column)};
  const int first = block_at(matrix, from->column);
  const Extent blocks{extent.rows, block_at(matrix, from->column + extent.columns) - first};
  const Corner source{from->row, from->column, matrix.columns};
  const Corner source_blocks{from->row, first, matrix.blocks_per_row()};
  copy_rectangle(matrix.mantissas, source, out.values.mantissas, {0, 0, n}, extent);
  copy_rectangle(matrix.wide, source, out.values.wide, {0, 0, n}, extent);
  copy_rectangle(matrix.scales, source_blocks, out.values.scales,
                 {0, 0, out.values.blocks_per_row()}, blocks);
  copy_rectangle(matrix.exponents, source_blocks, out.values.exponents,
                 {0, 0, out.values.blocks_per_row()}, blocks);
  const std::optional<Written>& own = written_[from->matrix];
  if (own && !own->poisoned.empty()) {
    out.poisoned.resize(block_count(out.values));
    copy_rectangle(own->poisoned, source_blocks, out.poisoned, {0, 0, out.values.blocks_per_row()},
                   blocks);
  }
  return out;
}

void MatrixTiles::write(Memory memory, std::uint32_t tile, const WeightTile& content) {
  const std::optional<Home> to = home(memory, tile);
  if (!to) {
    SOLITON_CHECK_MSG(memory == Memory::kDram, "tile {} is neither in a matrix nor in Dram", tile);
    dram_[tile] = content;
    return;
  }
  const int n = shard_.device.native_dim;
  // There is a copy to write into, as the constructor has made one of each matrix that the program
  // writes. The part of the tile that is padding is ignored.
  Written& own = written_[to->matrix].value();
  BfpMatrix& matrix = own.weights;
  const Extent extent{std::min(n, matrix.rows - to->row), std::min(n, matrix.columns - to->column)};
  const int first = block_at(matrix, to->column);
  const Extent blocks{extent.rows, block_at(matrix, to->column + extent.columns) - first};
  const Corner target_blocks{to->row, first, matrix.blocks_per_row()};
  const Corner content_blocks{0, 0, content.values.blocks_per_row()};
  copy_rectangle(content.values.mantissas, {0, 0, n}, matrix.mantissas,
                 {to->row, to->column, matrix.columns}, extent);
  copy_rectangle(content.values.wide, {0, 0, n}, matrix.wide, {to->row, to->column, matrix.columns},
                 extent);
  copy_rectangle(content.values.exponents, content_blocks, matrix.exponents, target_blocks, blocks);
  copy_rectangle(content.values.scales, content_blocks, matrix.scales, target_blocks, blocks);
  if (content.poisoned.empty() && own.poisoned.empty()) return;
  // Also good tiles are recorded once there was a bad one: they replace what was poisoned.
  own.poisoned.resize(block_count(matrix));
  const std::vector<bool> none(block_count(content.values));
  copy_rectangle(content.poisoned.empty() ? none : content.poisoned, content_blocks, own.poisoned,
                 target_blocks, blocks);
}

WeightTile MatrixTiles::quantise(std::span<const Half> values) {
  const int n = shard_.device.native_dim;
  std::vector<float> floats(values.size());
  std::ranges::transform(values, floats.begin(), to_float);
  if (auto good = quantise_matrix(floats, n, n, shard_.format, n, "tile"))
    return {std::move(*good), {}};
  // At least one block cannot be quantised: finds which ones and leaves them out.
  WeightTile out{zeros(n, n, shard_.format, n), {}};
  const std::vector<int>& starts = out.values.block_starts;
  // Whether a block can be quantised depends on the block alone, so each is tried by itself.
  for (int r = 0; r < n; ++r) {
    for (std::size_t b = 0; b + 1 < starts.size(); ++b) {
      const std::span<float> block(floats.data() + std::ptrdiff_t{r} * n + starts[b],
                                   static_cast<std::size_t>(starts[b + 1] - starts[b]));
      const bool bad =
          !quantise_matrix(block, 1, static_cast<int>(block.size()), shard_.format, n, "block");
      out.poisoned.push_back(bad);
      if (bad) std::ranges::fill(block, 0.0F);
    }
  }
  poisoned_blocks_ += static_cast<std::uint64_t>(std::ranges::count(out.poisoned, true));
  auto rest = quantise_matrix(floats, n, n, shard_.format, n, "tile");
  SOLITON_CHECK_MSG(rest.has_value(), "{}", rest.error().message);
  out.values = std::move(*rest);
  return out;
}

}  // namespace soliton
