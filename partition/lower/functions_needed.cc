#include "partition/lower/functions_needed.h"

#include <set>

namespace soliton {
namespace {

// docs/bits.md, "A step of each cell".
std::set<NpuFunction> needed(const RecurrentLayer& layer) {
  std::set<NpuFunction> out{NpuFunction::kTanh, NpuFunction::kAdd};
  if (layer.cell == Cell::kRnn) return out;
  out.insert({NpuFunction::kSigmoid, NpuFunction::kMultiply});
  if (layer.cell == Cell::kGru) out.insert(NpuFunction::kSubtract);
  return out;
}

std::set<NpuFunction> needed(const DenseLayer& layer) {
  std::set<NpuFunction> out;
  if (!layer.bias.shape.empty()) out.insert(NpuFunction::kAdd);
  for (const PointOperation& operation : layer.operations)
    if (const NpuFunctionRow* row = function_of(operation.opcode)) out.insert(row->function);
  return out;
}

}  // namespace

std::vector<NpuFunction> functions_needed(const Layer& layer) {
  const std::set<NpuFunction> out = std::visit([](const auto& it) { return needed(it); }, layer);
  return {out.begin(), out.end()};
}

}  // namespace soliton
