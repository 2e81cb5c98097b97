#include "node/npu/chain_values.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "node/npu/input_streams.h"
#include "node/npu/kernels/pointwise.h"
#include "protocol/base/check.h"
#include "protocol/isa/memory_map.h"

namespace soliton {
namespace {

// Messages that are queued before chains are computed: enough for two passes over the matrices,
// and no more, so that over sockets arithmetic goes on while later messages are under way.
constexpr std::size_t kMessagesQueued = 2 * kVectorsAtOnce;

PointwiseOp pointwise_op(Opcode opcode) {
  switch (opcode) {
    case Opcode::kVvAdd:
      return PointwiseOp::kAdd;
    case Opcode::kVvASubB:
      return PointwiseOp::kAMinusB;
    case Opcode::kVvBSubA:
      return PointwiseOp::kBMinusA;
    case Opcode::kVvMax:
      return PointwiseOp::kMax;
    case Opcode::kVvMin:
      return PointwiseOp::kMin;
    case Opcode::kVvMul:
      return PointwiseOp::kMultiply;
    default:
      check_failed("the opcode is a point-wise operation with an operand", opcode_name(opcode));
  }
}

ActivationFunction activation_function(Opcode opcode) {
  switch (opcode) {
    case Opcode::kVSigm:
      return ActivationFunction::kSigmoid;
    case Opcode::kVTanh:
      return ActivationFunction::kTanh;
    case Opcode::kVRelu:
      return ActivationFunction::kRelu;
    case Opcode::kVExp:
      return ActivationFunction::kExp;
    case Opcode::kVRcp:
      return ActivationFunction::kReciprocal;
    case Opcode::kVRsqrt:
      return ActivationFunction::kRsqrt;
    default:
      check_failed("the opcode is an activation function", opcode_name(opcode));
  }
}

Reduction reduction(Opcode opcode) {
  switch (opcode) {
    case Opcode::kVRsum:
      return Reduction::kSum;
    case Opcode::kVRmean:
      return Reduction::kMean;
    case Opcode::kVRmax:
      return Reduction::kMax;
    default:
      check_failed("the opcode is a reduction", opcode_name(opcode));
  }
}

}  // namespace

static_assert(std::endian::native == std::endian::little,
              "messages hold fp16 values little endian");

ChainValues::Weights::Weights(const Shard& shard, KernelLevel level_in)
    : level(level_in), tiles(shard) {
  for (const ShardMatrix& matrix : shard.matrices) {
    const auto rows = static_cast<std::size_t>(matrix.weights.rows);
    SOLITON_CHECK_MSG(
        matrix.weights.elements() == rows * static_cast<std::size_t>(matrix.weights.columns),
        "{} has {} weights, which is not rows times columns", matrix.name,
        matrix.weights.elements());
    SOLITON_CHECK_MSG(rows <= static_cast<std::size_t>(matrix.tile_rows) *
                                  static_cast<std::size_t>(shard.device.native_dim),
                      "{} has {} rows, more than its native tiles", matrix.name, rows);
    // A packed matrix refers to its source: the shard's, or the copy in `tiles`, which never moves.
    packed.emplace_back(tiles.weights(matrix), level);
  }
}

ChainValues::ChainValues(const Shard& shard, const CompiledProgram& program, KernelLevel level)
    : ChainValues(shard, program, std::make_shared<Weights>(shard, level)) {}

ChainValues::ChainValues(Lane lane)
    : ChainValues(lane.first.shard_, lane.first.program_, lane.first.weights_) {
  // Weights are shared, so a further lane costs its registers only.
  given_up_ = lane.first.given_up_;
}

ChainValues::ChainValues(const Shard& shard, const CompiledProgram& program,
                         std::shared_ptr<Weights> weights)
    : shard_(shard),
      program_(program),
      native_dim_(static_cast<std::size_t>(shard.device.native_dim)),
      values_(program.layout().size(), shard.device.native_dim),
      weights_(std::move(weights)),
      current_ordinal_(program.streams()),
      ahead_(shard.matrices.size(), program.streams()),
      ahead_values_(kVectorsAtOnce),
      pipe_(program.widest() * native_dim_) {
  load_constants();
  std::size_t rows_max = 0;
  for (const PackedMatrix& matrix : weights_->packed)
    rows_max = std::max(rows_max, static_cast<std::size_t>(matrix.rows()));
  sums_.resize(rows_max);
}

void ChainValues::load_constants() {
  for (const ShardVector& vector : shard_.vectors) {
    if (vector.values.empty()) continue;
    const std::uint32_t first = program_.layout().flat(vector.memory, vector.index);
    const std::int64_t count =
        native_vectors(static_cast<std::int64_t>(vector.values.size()), shard_.device.native_dim);
    std::ranges::copy(vector.values,
                      values_.vectors(first, static_cast<std::uint32_t>(count)).begin());
  }
}

// State that is carried on is zeroed before the first request only (ZeroedRange::once).
void ChainValues::begin() {
  SOLITON_CHECK(queue_.empty());
  for (const ZeroedRange& range : shard_.zeroed) {
    if (range.count == 0 || (range.once && begun_)) continue;
    std::ranges::fill(
        values_.vectors(program_.layout().flat(range.memory, range.first), range.count), Half{0});
  }
  // Zeroing may have changed the registers that `activation_` was made from.
  begun_ = true;
  activation_known_ = false;
}

// A chain by offset is only valid until the next one is resolved, so it is computed at once.
void ChainValues::issue(const CompiledChain& chain, Payload message) {
  if (chain.takes_message() && queued_messages_ == kMessagesQueued) flush();
  queued_messages_ += chain.takes_message();
  queue_.push_back({&chain, std::move(message)});
  if (chain.by_offset) flush();
}

// Ordinals never repeat, so a product that was computed ahead for one vector is never taken for
// that of another.
void ChainValues::flush() {
  for (std::size_t at = 0; at < queue_.size(); ++at) run(at);
  first_ordinal_ += queue_.size();
  queue_.clear();
  queued_messages_ = 0;
}

void ChainValues::run(std::size_t at) {
  const Queued& queued = queue_[at];
  const CompiledChain& chain = *queued.chain;
  const bool given_up = given_up_ != nullptr && given_up_->load(std::memory_order_relaxed);
  if (chain.kind == ChainKind::kMatrix) return given_up ? void() : move_tiles(queued);
  // Messages keep their sizes, because whoever gave up still drains them.
  if (given_up) return write(chain);
  if (chain.feeds) current_ordinal_[*chain.feeds] = ordinal(at);
  const std::span<const Half> input = read(queued);
  if (chain.stream)
    multiply_stream(chain, input, at);
  else if (chain.matrix != nullptr)
    multiply_registers(queued, input);
  for (const MfuOperation& operation : chain.operations)
    apply(operation, std::span<Half>(pipe_).first(chain.rows * native_dim_));
  write(chain);
}

// Chains are computed only when somebody wants a result; by then more inputs have come.
Payload ChainValues::take_message() {
  if (taken_ == sent_.size()) flush();
  SOLITON_CHECK(taken_ < sent_.size());
  Payload out = std::move(sent_[taken_++]);
  if (taken_ == sent_.size()) {
    sent_.clear();
    taken_ = 0;
  }
  return out;
}

std::span<const Half> ChainValues::vector(std::uint32_t flat) {
  flush();
  return values_.vectors(flat, 1);
}

const ValueCounts& ChainValues::counts() {
  flush();
  return counts_;
}

void ChainValues::copy_message(const Payload& message, std::span<Half> to) const {
  SOLITON_CHECK_MSG(message.ghost == 0,
                    "a message has {} bytes without values, although values are computed",
                    message.ghost);
  std::memcpy(to.data(), message.bytes.data(), message.bytes.size());
  std::ranges::fill(to.subspan(message.bytes.size() / sizeof(Half)), Half{0});
}

std::span<const Half> ChainValues::read(const Queued& queued) {
  const CompiledChain& chain = *queued.chain;
  const std::span<Half> pipe = std::span<Half>(pipe_).first(chain.source.count * native_dim_);
  if (chain.from_netq) {
    copy_message(queued.message, pipe);
    return pipe;
  }
  // A read by offset beyond what the program uses (docs/isa.md, "Addresses by offset").
  if (chain.source_fault) {
    std::ranges::fill(pipe, kHalfNan);
    return pipe;
  }
  const std::span<const Half> source = values_.vectors(chain.source.first, chain.source.count);
  // A product puts its result into the pipeline and reads its input in place; operations work on
  // the pipeline itself, so their input is copied there.
  if (chain.matrix != nullptr) return source;
  std::ranges::copy(source, pipe.begin());
  return pipe;
}

void ChainValues::move_tiles(const Queued& queued) {
  const CompiledChain& chain = *queued.chain;
  const Instruction& read = chain.instructions.front();
  const Instruction& write = chain.instructions.back();
  const std::size_t elements = native_dim_ * native_dim_;
  std::vector<Half> values(chain.from_netq ? chain.tiles * elements : 0);
  if (chain.from_netq) copy_message(queued.message, values);
  // All are read before the first is written: the ranges may overlap.
  std::vector<WeightTile> tiles;
  for (std::uint32_t i = 0; i < chain.tiles; ++i)
    tiles.push_back(chain.from_netq
                        ? weights_->tiles.quantise(
                              std::span<const Half>(values).subspan(i * elements, elements))
                        : weights_->tiles.read(read.memory, read.index + i));
  for (std::uint32_t i = 0; i < chain.tiles; ++i)
    weights_->tiles.write(write.memory, write.index + i, tiles[i]);
  counts_.poisoned_weights = weights_->tiles.poisoned_blocks();
  // What an m_wr writes to MatrixRf lies in one matrix (docs/isa.md, "Chains"), so its first tile
  // tells which.
  for (std::size_t i = 0; i < weights_->packed.size(); ++i)
    if (weights_->tiles.holds(shard_.matrices[i], write.memory, write.index)) repack(i);
}

void ChainValues::repack(std::size_t matrix) {
  weights_->packed[matrix] =
      PackedMatrix(weights_->tiles.weights(shard_.matrices[matrix]), weights_->level);
}

void ChainValues::multiply_registers(const Queued& queued, std::span<const Half> input) {
  const CompiledChain& chain = *queued.chain;
  const PackedMatrix& packed = weights_->packed[chain.matrix_index];
  const bool in_registers = !chain.from_netq && !chain.source_fault;
  // The gates of a cell multiply one vector by several matrices, and it is quantised for the first
  // of them only. The first register identifies it: equal layouts have equal numbers of columns. A
  // message has no register, so it is never recognised.
  const bool known = activation_known_ && in_registers &&
                     chain.source.first == activation_source_.first && activation_.suits(packed);
  if (!known) activation_.quantise(input.first(static_cast<std::size_t>(packed.columns())), packed);
  activation_known_ = in_registers;
  activation_source_ = chain.source;
  counts_.poisoned_blocks += activation_.poisoned_blocks();
  const std::span<float> sums =
      std::span<float>(sums_).first(static_cast<std::size_t>(packed.rows()));
  if (chain.onto_sums) {
    SOLITON_CHECK(queued.message.bytes.size() == sums.size_bytes());
    std::memcpy(sums.data(), queued.message.bytes.data(), sums.size_bytes());
    multiply_onto(packed, activation_, sums);
  } else {
    multiply(packed, activation_, sums);
  }
  weights_->tiles.poison(*chain.matrix, sums);
  into_pipe(chain, sums);
}

void ChainValues::multiply_stream(const CompiledChain& chain, std::span<const Half> input,
                                  std::size_t at) {
  ProductSums product;
  // A matrix that was read for an earlier vector of the stream has this one's sums already.
  if (const ProductSums* found = ahead_.find(chain.matrix_index, current_ordinal_[*chain.stream])) {
    product = *found;
  } else {
    std::array<StreamVector, kVectorsAtOnce> vectors;
    const std::size_t count = collect_vectors(chain, input, at, vectors);
    product = ahead_.multiply(weights_->packed[chain.matrix_index], chain.matrix_index,
                              *chain.stream, std::span(vectors).first(count));
  }
  counts_.poisoned_blocks += product.poisoned_blocks;
  into_pipe(chain, product.sums);
}

// The present vector first, then those that later chains of the queue take into the same stream.
// Only the queue is searched: what comes behind it depends on messages that are not here yet.
std::size_t ChainValues::collect_vectors(const CompiledChain& chain, std::span<const Half> input,
                                         std::size_t at, std::span<StreamVector> vectors) {
  vectors[0] = {current_ordinal_[*chain.stream], input};
  std::size_t count = 1;
  for (std::size_t later = at + 1; later < queue_.size() && count < vectors.size(); ++later) {
    if (queue_[later].chain->feeds != chain.stream) continue;
    std::vector<Half>& values = ahead_values_[count];
    values.resize(input.size());
    copy_message(queue_[later].message, values);
    vectors[count++] = {ordinal(later), values};
  }
  return count;
}

// Sums that leave as they are have not been rounded, so none of them has overflowed.
void ChainValues::into_pipe(const CompiledChain& chain, std::span<const float> sums) {
  if (chain.sends_sums) {
    whole_sums_.assign(sums.begin(), sums.end());
    return;
  }
  const std::span<Half> out = std::span<Half>(pipe_).first(chain.rows * native_dim_);
  counts_.fp16_overflows += round_sums(sums, out.first(sums.size()));
  std::ranges::fill(out.subspan(sums.size()), Half{0});
}

void ChainValues::apply(const MfuOperation& operation, std::span<Half> values) {
  if (is_reduction(operation.opcode)) {
    counts_.fp16_overflows += reduce(reduction(operation.opcode), values, operation.elements);
    return;
  }
  if (!operation.has_operand) {
    counts_.fp16_overflows += soliton::apply(activation_function(operation.opcode), values);
    return;
  }
  const std::span<const Half> operand =
      values_.vectors(operation.operand.first, operation.operand.count);
  counts_.fp16_overflows += soliton::apply(pointwise_op(operation.opcode), values, operand);
}

void ChainValues::write(const CompiledChain& chain) {
  for (const WriteTarget& target : chain.writes) {
    if (target.to_netq) {
      chain.sends_sums ? send_sums(target.port) : send(target.port);
      continue;
    }
    const std::span<Half> to = values_.vectors(target.vectors.first, target.vectors.count);
    std::ranges::copy(std::span<const Half>(pipe_).first(to.size()), to.begin());
    // The quantised form is of the old contents.
    if (overlap(target.vectors, activation_source_)) activation_known_ = false;
  }
}

// Without the padding of the last native vector: the receiver fills it with zeros again.
void ChainValues::send(std::uint16_t port) {
  const std::uint32_t elements = shard_.out_ports[port].elements;
  const auto bytes = std::as_bytes(std::span<const Half>(pipe_).first(elements));
  sent_.emplace_back().bytes.assign(bytes.begin(), bytes.end());
}

void ChainValues::send_sums(std::uint16_t port) {
  whole_sums_.resize(shard_.out_ports[port].elements / kElementsPerSum);
  const auto bytes = std::as_bytes(std::span<const float>(whole_sums_));
  sent_.emplace_back().bytes.assign(bytes.begin(), bytes.end());
}

}  // namespace soliton
