// Shapes and numbers of a model's tensors. Inside partition/ir only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "partition/ir/layer_graph.h"

namespace soliton {

// Appends what is wrong to `found`, which must outlive the object. Either all tensors of a model
// have values or none has. `gates` has one letter for each of the equal parts of a tensor's rows.
class TensorChecker {
 public:
  // Whether a tensor becomes blocks of a number format or stays fp16. In fp16 an infinity is a
  // valid value, as masks need it; a block with an infinity has no value at all.
  enum Allowed : std::uint8_t { kFiniteOnly, kAnyNumber };

  explicit TensorChecker(Diagnostics& found) : found_(found) {}

  void check(const std::string& owner, const Tensor& tensor, const std::vector<std::int64_t>& shape,
             std::string_view gates = {}, Allowed allowed = kFiniteOnly);
  void check_vector(const std::string& owner, const Tensor& tensor,
                    const std::vector<std::int64_t>& shape, std::string_view gates = {});
  void check_values(const Tensor& tensor, std::string_view gates, Allowed allowed);
  // The two biases of a gate, which are added to each other before anything else.
  void check_sum(const Tensor& a, const Tensor& b, std::string_view gates);

 private:
  void add(std::string message) { found_.add(ErrorCode::kInvalid, std::move(message)); }

  Diagnostics& found_;
  bool any_seen_ = false;
  bool values_seen_ = false;
};

}  // namespace soliton
