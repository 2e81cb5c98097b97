// The list of all operators: the index of partition/ir/ops.
#include <algorithm>
#include <vector>

#include "partition/ir/operator.h"
#include "partition/ir/ops/common.h"

namespace soliton::ir {

namespace {

std::vector<const Operator*> sorted() {
  std::vector<const Operator*> out;
  for (const std::span<const Operator> family : {
           control_operators(),     conv_operators(),     create_operators(),    einsum_operators(),
           elementwise_operators(), gather_operators(),   matrix_operators(),    move_operators(),
           nbits_operators(),       norm_operators(),     order_operators(),     pad_operators(),
           pool_operators(),        quantise_operators(), recurrent_operators(), reduce_operators(),
           resize_operators(),      scatter_operators(),  shape_operators(),     slice_operators(),
           softmax_operators(),     unique_operators(),
       })
    for (const Operator& op : family) out.push_back(&op);
  std::ranges::sort(out, {}, [](const Operator* op) { return op->name; });
  return out;
}

}  // namespace

std::span<const Operator* const> operators() {
  static const std::vector<const Operator*> all = sorted();
  return all;
}

const Operator* find_operator(std::string_view name) {
  const auto all = operators();
  const auto at =
      std::ranges::lower_bound(all, name, {}, [](const Operator* op) { return op->name; });
  return at != all.end() && (*at)->name == name ? *at : nullptr;
}

const Array& Call::input(std::size_t k) const {
  static const Array absent;
  return k < inputs.size() ? inputs[k] : absent;
}

bool Call::known() const {
  return std::ranges::all_of(inputs, [](const Array& a) { return a.known() || !a.present(); });
}

Work work_of(const Operator& op, const Call& call, const Outputs& outputs) {
  if (op.work != nullptr) return op.work(call, outputs);
  Work work;
  for (const Array& output : outputs)
    if (output.present()) work.operations += output.elements();
  return work;
}

}  // namespace soliton::ir
