// What the multifunction units of a device can compute, by name (docs/isa.md, "Functions"). A device
// declares its functions; a program may use an instruction only where its function is declared. Moves
// and products need none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "protocol/base/fields.h"
#include "protocol/isa/program.h"

namespace soliton {

enum class NpuFunction : std::uint8_t {
  kRelu,
  kSigmoid,
  kTanh,
  kAdd,
  kSubtract,
  kMultiply,
  kMax,
  kMin,
  kExp,
  kReciprocal,
  kRsqrt,
  kRowReduce,
};

// One function: how device files spell it, the instructions that compute it, and what they compute.
struct NpuFunctionRow {
  NpuFunction function;
  std::string_view name;
  std::array<Opcode, 3> opcodes;
  std::size_t opcode_count;
  std::string_view computes;  // of each element of the vector in the chain
  constexpr std::span<const Opcode> instructions() const {
    return std::span(opcodes).first(opcode_count);
  }
};

// In the order of NpuFunction.
inline constexpr NpuFunctionRow kNpuFunctions[] = {
    {NpuFunction::kRelu, "relu", {Opcode::kVRelu}, 1, "max(a, 0)"},
    {NpuFunction::kSigmoid, "sigmoid", {Opcode::kVSigm}, 1, "1 / (1 + exp(-a))"},
    {NpuFunction::kTanh, "tanh", {Opcode::kVTanh}, 1, "hyperbolic tangent"},
    {NpuFunction::kAdd, "add", {Opcode::kVvAdd}, 1, "a + b"},
    {NpuFunction::kSubtract, "subtract", {Opcode::kVvASubB, Opcode::kVvBSubA}, 2, "a - b, b - a"},
    {NpuFunction::kMultiply, "multiply", {Opcode::kVvMul}, 1, "a * b"},
    {NpuFunction::kMax, "max", {Opcode::kVvMax}, 1, "the larger of a and b"},
    {NpuFunction::kMin, "min", {Opcode::kVvMin}, 1, "the smaller of a and b"},
    {NpuFunction::kExp, "exp", {Opcode::kVExp}, 1, "e to the power a"},
    {NpuFunction::kReciprocal, "reciprocal", {Opcode::kVRcp}, 1, "1 / a"},
    {NpuFunction::kRsqrt, "rsqrt", {Opcode::kVRsqrt}, 1, "1 / sqrt(a)"},
    {NpuFunction::kRowReduce,
     "row_reduce",
     {Opcode::kVRsum, Opcode::kVRmean, Opcode::kVRmax},
     3,
     "sum, mean, maximum of the first elements, in every element"},
};

// What a device has that declares nothing: the functions of the published Brainwave NPUs.
inline constexpr NpuFunction kUsualFunctions[] = {
    NpuFunction::kRelu,     NpuFunction::kSigmoid,  NpuFunction::kTanh, NpuFunction::kAdd,
    NpuFunction::kSubtract, NpuFunction::kMultiply, NpuFunction::kMax};

constexpr const NpuFunctionRow& function_row(NpuFunction function) {
  return kNpuFunctions[static_cast<std::size_t>(function)];
}

// The function that an instruction computes; nullptr: it needs none.
constexpr const NpuFunctionRow* function_of(Opcode opcode) {
  for (const NpuFunctionRow& row : kNpuFunctions)
    for (const Opcode it : row.instructions())
      if (it == opcode) return &row;
  return nullptr;
}

// "relu, sigmoid, tanh"; "none" for no function.
std::string function_names(std::span<const NpuFunction> functions);

// How files spell them.
inline constexpr auto kFunctionWords = [] {
  std::array<FieldWord, std::size(kNpuFunctions)> words{};
  for (const NpuFunctionRow& row : kNpuFunctions)
    words[static_cast<std::size_t>(row.function)] = word(row.name, row.function);
  return words;
}();

}  // namespace soliton
