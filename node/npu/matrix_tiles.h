// What m_rd and m_wr move: native tiles of weights in the shard's format. Matrices hold theirs;
// tiles of Dram that belong to no matrix lie here.
//
// Weights come from NetQ as fp16 tiles, row-major, and are quantised on the way in like weights of
// the shard. A block that cannot be (a NaN or infinity in it, or an exponent above the range) is
// counted, and stays NaN: every product with a row that holds it gives NaN there.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "protocol/isa/shard.h"

namespace soliton {

struct WeightTile {
  BfpMatrix values;            // N x N; a poisoned block is zero in here
  std::vector<bool> poisoned;  // one a block of `values`; empty: none
};

class MatrixTiles {
 public:
  // `shard` must outlive the object. Matrices that m_wr writes are copied, others used in place.
  explicit MatrixTiles(const Shard& shard);

  // The present weights. Poisoned blocks are zero: see poison().
  const BfpMatrix& weights(const ShardMatrix& matrix) const;
  // Whether `tile` of `memory` is one of the matrix.
  static bool holds(const ShardMatrix& matrix, Memory memory, std::uint32_t tile);
  // Makes the sums of rows with a poisoned block NaN.
  void poison(const ShardMatrix& matrix, std::span<float> sums) const;

  // REQUIRES: the tile is one of a matrix, or of Dram.
  WeightTile read(Memory memory, std::uint32_t tile) const;
  void write(Memory memory, std::uint32_t tile, const WeightTile& content);
  // N * N values, row-major, as one tile. Adds the blocks it cannot quantise to poisoned_blocks().
  WeightTile quantise(std::span<const Half> values);
  std::uint64_t poisoned_blocks() const { return poisoned_blocks_; }

 private:
  struct Written {
    BfpMatrix weights;
    std::vector<bool> poisoned;  // one a block, in order; empty: none ever was
  };
  struct Home {
    std::size_t matrix = 0;
    int row = 0;  // of its first element
    int column = 0;
  };

  std::optional<Home> home(Memory memory, std::uint32_t tile) const;

  const Shard& shard_;
  std::vector<std::optional<Written>> written_;  // one a matrix of the shard
  std::map<std::uint32_t, WeightTile> dram_;     // tiles of no matrix
  std::uint64_t poisoned_blocks_ = 0;
};

}  // namespace soliton
