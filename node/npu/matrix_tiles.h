// What m_rd and m_wr move: native tiles of weights in the shard's format. Matrices store their own
// tiles; tiles of Dram that belong to no matrix are stored here.
//
// Weights come from NetQ as fp16 tiles, row-major, and are quantised on arrival like weights of the
// shard. A block that cannot be quantised (it has a NaN or infinity, or an exponent above the
// range) is counted and stays NaN: every product with a row that holds it gives NaN there.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "protocol/isa/shard.h"

namespace soliton {

struct WeightTile {
  BfpMatrix values;            // N x N; poisoned blocks are stored as zero
  std::vector<bool> poisoned;  // by block of `values`; empty: none is
};

class MatrixTiles {
 public:
  // `shard` must outlive the object. Matrices that m_wr writes are copied; others are used in
  // place.
  explicit MatrixTiles(const Shard& shard);

  // The current weights. Poisoned blocks are zero in them; see poison().
  const BfpMatrix& weights(const ShardMatrix& matrix) const;
  // Whether `tile` of `memory` belongs to a matrix.
  static bool holds(const ShardMatrix& matrix, Memory memory, std::uint32_t tile);
  // Sets the sums of rows with a poisoned block to NaN.
  void poison(const ShardMatrix& matrix, std::span<float> sums) const;

  // REQUIRES: the tile belongs to a matrix or lies in Dram.
  WeightTile read(Memory memory, std::uint32_t tile) const;
  void write(Memory memory, std::uint32_t tile, const WeightTile& content);
  // Quantises N * N values, row-major, as one tile. Adds the blocks that cannot be quantised to
  // poisoned_blocks().
  WeightTile quantise(std::span<const Half> values);
  std::uint64_t poisoned_blocks() const { return poisoned_blocks_; }

 private:
  struct Written {
    BfpMatrix weights;
    std::vector<bool> poisoned;  // by block; empty: none ever was
  };
  struct Home {
    std::size_t matrix = 0;
    int row = 0;  // row of its first element
    int column = 0;
  };

  std::optional<Home> home(Memory memory, std::uint32_t tile) const;

  const Shard& shard_;
  std::vector<std::optional<Written>> written_;  // one for each matrix of the shard
  std::map<std::uint32_t, WeightTile> dram_;     // tiles that belong to no matrix
  std::uint64_t poisoned_blocks_ = 0;
};

}  // namespace soliton
