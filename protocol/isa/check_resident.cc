// What lies in a shard's memories from the start: device, matrices and constants.
#include <fmt/format.h>

#include <algorithm>

#include "protocol/isa/check_parts.h"
#include "protocol/isa/memory_map.h"

namespace soliton {
namespace {

bool holds_vectors(Memory memory) {
  return memory == Memory::kInitialVrf || memory == Memory::kAddSubVrf0 ||
         memory == Memory::kAddSubVrf1 || memory == Memory::kMultiplyVrf || memory == Memory::kDram;
}

// Sizes that multiply() relies on.
void check_weights(const Shard& shard, ShardFaults& faults, const ShardMatrix& matrix) {
  const BfpMatrix& weights = matrix.weights;
  const auto rows = static_cast<std::size_t>(weights.rows);
  const bool narrow = has_narrow_elements(weights.format);
  const std::size_t elements = narrow ? weights.mantissas.size() : weights.wide.size();
  if (elements != rows * static_cast<std::size_t>(weights.columns) ||
      elements != weights.elements())
    faults.report("matrix \"{}\": {} mantissas for {} x {} weights", matrix.name,
                  weights.elements(), weights.rows, weights.columns);
  if (!(weights.format == shard.format)) {
    faults.report("matrix \"{}\" is in format {}, the shard in {}", matrix.name,
                  weights.format.name, shard.format.name);
    return;
  }
  if (weights.block_starts !=
      block_borders(weights.columns, weights.format, shard.device.native_dim)) {
    faults.report("matrix \"{}\": its blocks are not those of {} in tiles of {}", matrix.name,
                  weights.format.name, shard.device.native_dim);
    return;
  }
  const Scale scale = weights.format.scale();
  const std::size_t blocks = rows * static_cast<std::size_t>(weights.blocks_per_row());
  if (weights.exponents.size() != (scale == Scale::kPowerOfTwo ? blocks : 0))
    faults.report("matrix \"{}\": {} shared exponents for {} rows of {} blocks", matrix.name,
                  weights.exponents.size(), weights.rows, weights.blocks_per_row());
  if (weights.scales.size() != (scale == Scale::kFloat ? blocks : 0))
    faults.report("matrix \"{}\": {} scales for {} rows of {} blocks", matrix.name,
                  weights.scales.size(), weights.rows, weights.blocks_per_row());
}

void check_matrix(const Shard& shard, ShardFaults& faults, const ShardMatrix& matrix) {
  const BfpMatrix& weights = matrix.weights;
  if (matrix.memory != Memory::kMatrixRf && matrix.memory != Memory::kDram)
    faults.report("matrix \"{}\" is placed in {}, which holds no matrices", matrix.name,
                  memory_name(matrix.memory));
  if (weights.rows <= 0 || weights.columns <= 0) {
    faults.report("matrix \"{}\" has {} x {} weights; each must be at least 1", matrix.name,
                  weights.rows, weights.columns);
    return;
  }
  if (native_vectors(weights.rows, shard.device.native_dim) != matrix.tile_rows ||
      native_vectors(weights.columns, shard.device.native_dim) != matrix.tile_columns)
    faults.report("matrix \"{}\": {} x {} weights do not fill {} x {} tiles of {}", matrix.name,
                  weights.rows, weights.columns, matrix.tile_rows, matrix.tile_columns,
                  shard.device.native_dim);
  if (weights.elements() > 0) check_weights(shard, faults, matrix);
}

// Sorted by address, an overlap always shows between neighbours, so comparing each matrix with the
// one below it suffices.
void check_overlaps(const Shard& shard, ShardFaults& faults, Memory memory) {
  std::vector<const ShardMatrix*> order;
  for (const ShardMatrix& matrix : shard.matrices)
    if (matrix.memory == memory) order.push_back(&matrix);
  std::stable_sort(order.begin(), order.end(), [](const ShardMatrix* a, const ShardMatrix* b) {
    return a->tile_address < b->tile_address;
  });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const ShardMatrix& low = *order[i - 1];
    const std::int64_t end = low.tile_address + tiles_of(low.tile_rows, low.tile_columns);
    faults.at(
        {ShardPlace::Kind::kMatrix, static_cast<std::size_t>(order[i] - shard.matrices.data()), 0});
    if (end > order[i]->tile_address)
      faults.report("matrix \"{}\" at tile {} begins inside matrix \"{}\", which ends at tile {}",
                    order[i]->name, order[i]->tile_address, low.name, end);
  }
}

void check_constants(const Shard& shard, ShardFaults& faults) {
  for (std::size_t i = 0; i < shard.vectors.size(); ++i) {
    const ShardVector& vector = shard.vectors[i];
    faults.at({ShardPlace::Kind::kVector, i, 0});
    if (!holds_vectors(vector.memory))
      faults.report("constant \"{}\" is placed in {}, which holds no vectors", vector.name,
                    memory_name(vector.memory));
  }
  for (std::size_t i = 0; i < shard.zeroed.size(); ++i) {
    faults.at({ShardPlace::Kind::kZeroed, i, 0});
    if (!holds_vectors(shard.zeroed[i].memory))
      faults.report("a zeroed range is placed in {}, which holds no vectors",
                    memory_name(shard.zeroed[i].memory));
  }
}

}  // namespace

bool check_device(const Shard& shard, ShardFaults& faults) {
  const std::size_t before = faults.count();
  if (shard.device.native_dim <= 0)
    faults.report("device {}: native dimension {} is not positive", shard.device.name,
                  shard.device.native_dim);
  if (shard.device.formats.empty())
    faults.report("device {} has no number format", shard.device.name);
  const NumberFormat& format = shard.format;
  if (format.block < 0 || format.scale_bits < 0 || format.mantissa_bits < 0 ||
      format.exponent_bits < 0 || format.exponent_bits > 8 || format.mantissa_bits > 23 ||
      format.exponent_bits + format.mantissa_bits == 0)
    faults.report("number format {}: sizes out of range", format.name);
  else if (const Status supported = check_multiplies(format); !supported)
    faults.report("{}", supported.error().message);
  return faults.count() == before;
}

void check_resident(const Shard& shard, ShardFaults& faults) {
  for (std::size_t i = 0; i < shard.matrices.size(); ++i) {
    faults.at({ShardPlace::Kind::kMatrix, i, 0});
    check_matrix(shard, faults, shard.matrices[i]);
  }
  check_overlaps(shard, faults, Memory::kMatrixRf);
  check_overlaps(shard, faults, Memory::kDram);
  check_constants(shard, faults);
}

}  // namespace soliton
