#include "partition/ir/ops/cell_activation.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "partition/ir/ops/common.h"
#include "partition/ir/shown_name.h"
#include "protocol/math/arrays.h"
#include "protocol/math/math.h"

namespace soliton::ir {

namespace {

using Kind = CellActivation::Kind;

struct Row {
  std::string_view name;  // in lower case: files differ
  Kind kind;
  int parameters;
  float alpha, beta;
};

constexpr Row kRows[] = {
    {"affine", Kind::kAffine, 2, 1, 0},
    {"elu", Kind::kElu, 1, 1, 0},
    {"hardsigmoid", Kind::kHardSigmoid, 2, 0.2F, 0.5F},
    {"leakyrelu", Kind::kLeakyRelu, 1, 0.01F, 0},
    {"relu", Kind::kRelu, 0, 0, 0},
    {"scaledtanh", Kind::kScaledTanh, 2, 1, 1},
    {"sigmoid", Kind::kSigmoid, 0, 0, 0},
    {"softplus", Kind::kSoftplus, 0, 0, 0},
    {"softsign", Kind::kSoftsign, 0, 0, 0},
    {"tanh", Kind::kTanh, 0, 0, 0},
    {"thresholdedrelu", Kind::kThresholdedRelu, 1, 1, 0},
};

template <typename T, typename Function>
void map(std::span<T> values, Function function) {
  for (T& value : values) value = static_cast<T>(function(static_cast<double>(value)));
}

template <typename T>
void apply_to(const CellActivation& activation, std::span<T> values) {
  const double a = activation.alpha, b = activation.beta;
  switch (activation.kind) {
    case Kind::kAffine:
      return map(values, [&](double x) { return a * x + b; });
    case Kind::kElu:
      return map(values, [&](double x) { return x < 0 ? a * math::expm1(x) : x; });
    case Kind::kHardSigmoid:
      return map(values, [&](double x) { return std::min(1.0, std::max(0.0, a * x + b)); });
    case Kind::kLeakyRelu:
      return map(values, [&](double x) { return x < 0 ? a * x : x; });
    case Kind::kRelu:
      return map(values, [](double x) { return x < 0 ? 0 : x; });
    case Kind::kScaledTanh:
      return map(values, [&](double x) { return a * math::tanh(b * x); });
    case Kind::kSigmoid:
      return map(values, math::sigmoid);
    case Kind::kSoftplus:
      return map(values, math::softplus);
    case Kind::kSoftsign:
      return map(values, [](double x) { return x / (1 + std::abs(x)); });
    case Kind::kTanh:
      return map(values, math::tanh);
    case Kind::kThresholdedRelu:
      return map(values, [&](double x) { return x > a ? x : 0; });
  }
}

const Row& row_of(Kind kind) { return *std::ranges::find(kRows, kind, &Row::kind); }

Result<Kind> kind_named(const std::string& name) {
  std::string lower = name;
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto row = std::ranges::find(kRows, lower, &Row::name);
  if (row == std::end(kRows))
    return invalid(
        fmt::format("has an activation \"{}\", which is not supported", shown_name(name)));
  return row->kind;
}

Result<std::vector<Kind>> kinds_of(const Call& call, std::size_t directions,
                                   std::span<const Kind> otherwise) {
  std::vector<Kind> kinds;
  if (const Attribute* names = call.node.find("activations")) {
    if (names->kind != Attribute::Kind::kTexts)
      return invalid("has an attribute activations that is not a list of texts");
    for (const std::string& name : names->texts) {
      SOLITON_IR_TRY(kind, kind_named(name));
      kinds.push_back(kind);
    }
  }
  if (kinds.empty())
    for (std::size_t d = 0; d < directions; ++d)
      kinds.insert(kinds.end(), otherwise.begin(), otherwise.end());
  if (kinds.size() != directions * otherwise.size())
    return invalid(fmt::format("has {} activations instead of {}", kinds.size(),
                               directions * otherwise.size()));
  return kinds;
}

}  // namespace

// Whole arrays of fp32 have functions of their own, with the same bits.
void CellActivation::apply(std::span<float> values) const {
  if (kind == Kind::kSigmoid) return math::sigmoid_all(values);
  if (kind == Kind::kTanh) return math::tanh_all(values);
  apply_to(*this, values);
}
void CellActivation::apply(std::span<double> values) const { apply_to(*this, values); }

Result<std::vector<CellActivation>> cell_activations(const Call& call, std::size_t directions,
                                                     std::span<const Kind> otherwise) {
  SOLITON_IR_TRY(kinds, kinds_of(call, directions, otherwise));
  SOLITON_IR_TRY(alphas, call.node.reals("activation_alpha"));
  SOLITON_IR_TRY(betas, call.node.reals("activation_beta"));
  std::size_t alpha = 0, beta = 0;
  const auto next = [](const std::vector<float>& values, std::size_t& at, float missing) {
    return static_cast<double>(at < values.size() ? values[at++] : missing);
  };
  std::vector<CellActivation> out;
  for (const Kind kind : kinds) {
    const Row& row = row_of(kind);
    out.push_back({kind, row.parameters > 0 ? next(alphas, alpha, row.alpha) : 0,
                   row.parameters > 1 ? next(betas, beta, row.beta) : 0});
  }
  return out;
}

}  // namespace soliton::ir
