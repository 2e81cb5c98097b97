// The functions by name that recurrent cells apply to their gates. Inside partition/ir/ops only.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "partition/ir/operator.h"
#include "protocol/base/result.h"

namespace soliton::ir {

struct CellActivation {
  enum class Kind : std::uint8_t {
    kAffine,
    kElu,
    kHardSigmoid,
    kLeakyRelu,
    kRelu,
    kScaledTanh,
    kSigmoid,
    kSoftplus,
    kSoftsign,
    kTanh,
    kThresholdedRelu,
  };
  Kind kind = Kind::kTanh;
  double alpha = 0, beta = 0;

  // In place, in double, rounded once.
  void apply(std::span<float> values) const;
  void apply(std::span<double> values) const;
};

// The node's attributes activations, activation_alpha and activation_beta for `directions` times as
// many functions as `otherwise` names, which is what holds without the attribute. Parameters are
// taken in order by the functions that have them; what is missing is ONNX's default. Errors: an
// unknown name, another number of names.
Result<std::vector<CellActivation>> cell_activations(
    const Call& call, std::size_t directions, std::span<const CellActivation::Kind> otherwise);

}  // namespace soliton::ir
