// What a layer needs of a device is what its programs use.
#include "partition/lower/functions_needed.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/partition/harness.h"

namespace soliton::test {
namespace {

std::string used(const std::vector<Shard>& shards) {
  std::set<NpuFunction> out;
  for (const Shard& shard : shards)
    for (const Chain& chain : shard.program.chains)
      for (const Instruction& instruction : chain.instructions)
        if (const NpuFunctionRow* row = function_of(instruction.opcode)) out.insert(row->function);
  return function_names(std::vector<NpuFunction>(out.begin(), out.end()));
}

TEST(FunctionsNeeded, AreThoseOfTheProgramsOfEveryCell) {
  for (const Cell cell : {Cell::kGru, Cell::kLstm, Cell::kRnn})
    for (const bool reset_after : {false, true})
      for (const CellPrograms programs : {CellPrograms::kFused, CellPrograms::kStepwise}) {
        const LayerGraph model =
            rnn({.cell = cell, .hidden = 24, .steps = 3, .input = 9, .reset_after = reset_after});
        NpuDevice device = pocket(8, 400);
        device.cell_programs = programs;
        for (const std::size_t nodes : {1u, 2u})
          EXPECT_EQ(used(lowered(model, device, nodes, {stage(0, 1, 0, nodes)}).shards),
                    function_names(functions_needed(model.layers[0])))
              << cell_name(cell) << ", reset after " << reset_after << ", " << nodes << " nodes";
      }
}

TEST(FunctionsNeeded, OfADenseLayerAreItsBiasAndItsOperations) {
  for (const bool bias : {false, true}) {
    LayerGraph model = rnn({.cell = Cell::kRnn, .hidden = 24, .steps = 3});
    add_dense(model, 10, false, bias);
    EXPECT_EQ(function_names(functions_needed(model.layers[1])), bias ? "add" : "none");
  }
  DenseLayer layer;
  layer.operations.resize(3);
  layer.operations[0].opcode = Opcode::kVRmean;
  layer.operations[1].opcode = Opcode::kVRsqrt;
  layer.operations[2].opcode = Opcode::kVRsum;
  EXPECT_EQ(function_names(functions_needed(layer)), "rsqrt, row_reduce");
}

}  // namespace
}  // namespace soliton::test
