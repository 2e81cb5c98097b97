#include "node/npu/chain_values.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "protocol/base/check.h"
#include "protocol/isa/memory_map.h"

namespace soliton {
namespace {

constexpr Half kInfinity = 0x7c00;

bool is_finite(Half value) { return (value & kInfinity) != kInfinity; }
bool is_infinite(Half value) { return (value & 0x7fff) == kInfinity; }

template <typename Operation>
void unary(std::span<Half> values, Operation operation) {
  for (Half& value : values) value = operation(value);
}

// Returns how many finite pairs gave an infinity.
template <typename Operation>
std::uint64_t binary(std::span<Half> values, std::span<const Half> operand, Operation operation) {
  std::uint64_t overflows = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Half a = values[i];
    const Half b = operand[i];
    values[i] = operation(a, b);
    overflows += is_infinite(values[i]) && is_finite(a) && is_finite(b);
  }
  return overflows;
}

bool same_blocks(const BfpMatrix& a, const BfpMatrix& b) {
  return a.format == b.format && a.block_starts == b.block_starts;
}

bool overlap(VectorRange a, VectorRange b) {
  return a.first < b.first + b.count && b.first < a.first + a.count;
}

}  // namespace

static_assert(std::endian::native == std::endian::little,
              "messages hold fp16 values little endian");

ChainValues::ChainValues(const Shard& shard, const CompiledProgram& program)
    : shard_(shard),
      program_(program),
      native_dim_(static_cast<std::size_t>(shard.device.native_dim)),
      values_(program.layout().size(), shard.device.native_dim),
      tiles_(shard),
      pipe_(program.widest() * native_dim_) {
  for (const ShardVector& vector : shard.vectors) {
    if (vector.values.empty()) continue;
    const std::uint32_t first = program.layout().flat(vector.memory, vector.index);
    const std::int64_t count =
        native_vectors(static_cast<std::int64_t>(vector.values.size()), shard.device.native_dim);
    std::ranges::copy(vector.values,
                      values_.vectors(first, static_cast<std::uint32_t>(count)).begin());
  }
  std::size_t rows_max = 0;
  for (const ShardMatrix& matrix : shard.matrices) {
    const auto rows = static_cast<std::size_t>(matrix.weights.rows);
    SOLITON_CHECK_MSG(
        matrix.weights.mantissas.size() == rows * static_cast<std::size_t>(matrix.weights.columns),
        "{}: {} mantissas", matrix.name, matrix.weights.mantissas.size());
    SOLITON_CHECK_MSG(rows <= matrix.tile_rows * native_dim_, "{}: {} rows", matrix.name, rows);
    rows_max = std::max(rows_max, rows);
  }
  sums_.resize(rows_max);
}

void ChainValues::begin() {
  for (const ZeroedRange& range : shard_.zeroed) {
    if (range.count == 0) continue;
    std::ranges::fill(
        values_.vectors(program_.layout().flat(range.memory, range.first), range.count), Half{0});
  }
  activation_matrix_ = nullptr;
}

void ChainValues::run(const CompiledChain& chain, const Payload* message) {
  if (chain.kind == ChainKind::kMatrix) {
    move_tiles(chain, message);
    return;
  }
  const std::span<const Half> input = read(chain, message);
  if (chain.matrix != nullptr) {
    quantise(chain, input);
    multiply_into_pipe(chain);
  }
  for (const MfuOperation& operation : chain.operations) {
    apply(operation, std::span<Half>(pipe_).first(chain.rows * native_dim_));
  }
  write(chain);
}

Payload ChainValues::message(std::uint32_t elements) const {
  Payload out;
  const auto bytes = std::as_bytes(std::span<const Half>(pipe_).first(elements));
  out.bytes.assign(bytes.begin(), bytes.end());
  return out;
}

std::span<const Half> ChainValues::read(const CompiledChain& chain, const Payload* message) {
  const std::span<Half> pipe = std::span<Half>(pipe_).first(chain.source.count * native_dim_);
  if (message != nullptr) {
    SOLITON_CHECK_MSG(message->ghost == 0, "{} bytes of a message without values", message->ghost);
    std::memcpy(pipe.data(), message->bytes.data(), message->bytes.size());
    std::ranges::fill(pipe.subspan(message->bytes.size() / sizeof(Half)), Half{0});
    return pipe;
  }
  if (chain.source_fault) {
    std::ranges::fill(pipe, kHalfNan);
    return pipe;
  }
  const std::span<const Half> source = values_.vectors(chain.source.first, chain.source.count);
  if (chain.matrix != nullptr) return source;
  std::ranges::copy(source, pipe.begin());
  return pipe;
}

void ChainValues::move_tiles(const CompiledChain& chain, const Payload* message) {
  const Instruction& read = chain.instructions.front();
  const Instruction& write = chain.instructions.back();
  const std::size_t elements = native_dim_ * native_dim_;
  std::vector<Half> values;
  if (message != nullptr) {
    SOLITON_CHECK_MSG(message->ghost == 0, "{} bytes of a message without values", message->ghost);
    values.resize(chain.tiles * elements);
    SOLITON_CHECK(message->bytes.size() <= values.size() * sizeof(Half));
    std::memcpy(values.data(), message->bytes.data(), message->bytes.size());
  }
  // All are read before the first is written: the ranges may overlap.
  std::vector<WeightTile> tiles;
  for (std::uint32_t i = 0; i < chain.tiles; ++i)
    tiles.push_back(message != nullptr ? tiles_.quantise(std::span<const Half>(values).subspan(
                                             i * elements, elements))
                                       : tiles_.read(read.memory, read.index + i));
  for (std::uint32_t i = 0; i < chain.tiles; ++i)
    tiles_.write(write.memory, write.index + i, tiles[i]);
  counts_.poisoned_weights = tiles_.poisoned_blocks();
}

void ChainValues::quantise(const CompiledChain& chain, std::span<const Half> input) {
  const BfpMatrix& weights = chain.matrix->weights;
  const bool in_registers = !chain.from_netq && !chain.source_fault;
  const bool known = activation_matrix_ != nullptr && in_registers &&
                     chain.source.first == activation_source_.first &&
                     same_blocks(activation_matrix_->weights, weights);
  if (!known) {
    quantise_activation(input.first(static_cast<std::size_t>(weights.columns)), weights.format,
                        weights.block_starts, activation_);
    activation_poisoned_ =
        static_cast<std::uint64_t>(std::ranges::count(activation_.poisoned, true));
    activation_matrix_ = in_registers ? chain.matrix : nullptr;
    activation_source_ = chain.source;
  }
  counts_.poisoned_blocks += activation_poisoned_;
}

void ChainValues::multiply_into_pipe(const CompiledChain& chain) {
  const std::span<float> sums =
      std::span<float>(sums_).first(static_cast<std::size_t>(chain.matrix->weights.rows));
  multiply(tiles_.weights(*chain.matrix), activation_, sums);
  tiles_.poison(*chain.matrix, sums);
  const std::span<Half> out = std::span<Half>(pipe_).first(chain.rows * native_dim_);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    out[i] = to_half(sums[i]);
    // An infinity that came in has poisoned its block and every row, so this one was made here.
    counts_.fp16_overflows += is_infinite(out[i]);
  }
  std::ranges::fill(out.subspan(sums.size()), Half{0});
}

void ChainValues::apply(const MfuOperation& operation, std::span<Half> values) {
  const std::span<const Half> operand =
      values_.vectors(operation.operand.first, operation.operand.count);
  switch (operation.opcode) {
    case Opcode::kVvAdd:
      counts_.fp16_overflows += binary(values, operand, half_add);
      break;
    case Opcode::kVvASubB:
      counts_.fp16_overflows += binary(values, operand, half_sub);
      break;
    case Opcode::kVvBSubA:
      counts_.fp16_overflows +=
          binary(values, operand, [](Half a, Half b) { return half_sub(b, a); });
      break;
    case Opcode::kVvMax:
      binary(values, operand, half_max);
      break;
    case Opcode::kVvMul:
      counts_.fp16_overflows += binary(values, operand, half_mul);
      break;
    case Opcode::kVSigm:
      unary(values, half_sigmoid);
      break;
    case Opcode::kVTanh:
      unary(values, half_tanh);
      break;
    case Opcode::kVRelu:
      unary(values, half_relu);
      break;
    default:
      SOLITON_CHECK_MSG(false, "opcode {}", static_cast<int>(operation.opcode));
  }
}

void ChainValues::write(const CompiledChain& chain) {
  for (const WriteTarget& target : chain.writes) {
    if (target.to_netq) continue;
    const std::span<Half> to = values_.vectors(target.vectors.first, target.vectors.count);
    std::ranges::copy(std::span<const Half>(pipe_).first(to.size()), to.begin());
    if (overlap(target.vectors, activation_source_)) activation_matrix_ = nullptr;
  }
}

}  // namespace soliton
