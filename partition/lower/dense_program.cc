#include "partition/lower/dense_program.h"

#include <fmt/format.h>

#include <algorithm>

#include "partition/ir/mfu_fit.h"
#include "partition/lower/lower.h"
#include "protocol/base/check.h"

namespace soliton {

namespace {

std::vector<Half> padded(const PointOperation& operation, RowRange rows, int native_dim) {
  std::vector<Half> values = cut_bias({&operation.constant}, rows);
  if (operation.padding != 0)
    values.resize(static_cast<std::size_t>(tiles_along(rows.count, native_dim) * native_dim),
                  to_half(operation.padding));
  return values;
}

}  // namespace

bool reduces_rows(const DenseLayer& layer) {
  return std::ranges::any_of(layer.operations, [](const PointOperation& operation) {
    return is_reduction(operation.opcode);
  });
}

DenseProgram::DenseProgram(ShardBuilder& builder, const DenseLayer& layer, const std::string& label,
                           RowRange rows, const std::vector<std::int64_t>& input_parts,
                           const std::optional<Share>& share)
    : product_(layer.has_product()),
      has_bias_((!share || share->last) &&
                (layer.bias.values != nullptr || !layer.bias.shape.empty())),
      rows_(builder.vectors(rows.count)) {
  if (product_)
    matrix_ = builder.matrix({&layer.weights, rows, input_parts, label + ".W", layer.in_dram,
                              share ? std::optional(share->columns) : std::nullopt});
  if (share && !share->last) return;
  if (has_bias_)
    bias_ = builder.constant(label + ".b", Memory::kAddSubVrf0, cut_bias({&layer.bias}, rows));
  std::vector<Opcode> opcodes;
  for (const PointOperation& operation : layer.operations) opcodes.push_back(operation.opcode);
  const auto units = mfu_fit(has_bias_, opcodes);
  SOLITON_CHECK_MSG(units, "{}: more operations than a chain takes", layer.name);
  for (std::size_t k = 0; k < opcodes.size(); ++k) {
    const PointOperation& from = layer.operations[k];
    Operation& to = operations_.emplace_back(Operation{from.opcode, Memory::kNone, 0});
    if (is_reduction(from.opcode)) to.index = static_cast<std::uint32_t>(layer.output);
    if (!from.operand && from.constant.shape.empty()) continue;
    to.memory = operand_memory(from.opcode, (*units)[k]);
    if (!from.operand)
      to.index = builder.constant(fmt::format("{}.c{}", label, k), to.memory,
                                  padded(from, rows, builder.native_dim()));
  }
}

ChainWriter DenseProgram::emit(ShardBuilder& builder, const std::string& label, std::uint32_t input,
                               std::optional<std::uint16_t> sums) const {
  ChainWriter chain = builder.chain(label, rows_, product_ ? matrix_.columns : 1);
  chain.read(input);
  if (product_) chain.product(matrix_);
  if (sums) chain.onto_sums(*sums);
  if (has_bias_) chain.add0(bias_);
  for (const Operation& operation : operations_)
    chain.point(operation.opcode, operation.memory, operation.index);
  return chain;
}

}  // namespace soliton
