// One operator applied to arrays, for tests of operators:
//
//   Op("Concat").set("axis", 1).one({floats({1, 1}, {1}), floats({1, 1}, {2})})
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "partition/ir/operator.h"

namespace soliton::ir {

using Integers = std::vector<std::int64_t>;
using Reals = std::vector<float>;

inline Array floats(Shape shape, Reals values) {
  return Array::of(std::move(shape), std::move(values));
}
inline Array integers(Integers values) { return Array::integers(std::move(values)); }
inline Array integers(Shape shape, Integers values) {
  return Array::of(std::move(shape), std::move(values));
}
inline Array bools(Shape shape, const std::vector<int>& values) {
  std::vector<Bool> out;
  for (const int value : values) out.emplace_back(value != 0);
  return Array::of(std::move(shape), std::move(out));
}
// 0, 1, 2, ...
inline Array counting(Shape shape) {
  Reals values(static_cast<std::size_t>(Array::unknown(ElementType::kBool, shape).elements()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  return floats(std::move(shape), std::move(values));
}

class Op {
 public:
  explicit Op(const std::string& name, std::int64_t opset = 17) : opset_(opset) {
    node_.op = name;
    node_.kind = find_operator(name);
    node_.outputs = {0};
  }
  Op& set(const char* name, std::int64_t value) {
    attribute(name, Attribute::Kind::kInteger).integer = value;
    return *this;
  }
  Op& set(const char* name, int value) { return set(name, std::int64_t{value}); }
  Op& set(const char* name, float value) {
    attribute(name, Attribute::Kind::kReal).real = value;
    return *this;
  }
  Op& set(const char* name, const char* value) {
    attribute(name, Attribute::Kind::kText).text = value;
    return *this;
  }
  Op& set(const char* name, Integers value) {
    attribute(name, Attribute::Kind::kIntegers).integers = std::move(value);
    return *this;
  }
  Op& set(const char* name, Reals value) {
    attribute(name, Attribute::Kind::kReals).reals = std::move(value);
    return *this;
  }
  Op& set(const char* name, Array value) {
    attribute(name, Attribute::Kind::kArray).array = std::move(value);
    return *this;
  }
  Op& set(const char* name, std::vector<std::string> value) {
    attribute(name, Attribute::Kind::kTexts).texts = std::move(value);
    return *this;
  }
  Op& set(const char* name, Graph value) {
    attribute(name, Attribute::Kind::kGraph).graph =
        std::make_shared<const Graph>(std::move(value));
    return *this;
  }
  // The last inputs that bodies capture.
  Op& captures(std::size_t count) {
    node_.captured = count;
    return *this;
  }
  Op& outputs(std::size_t count) {
    node_.outputs.clear();
    for (ValueId id = 0; id < count; ++id) node_.outputs.push_back(id);
    return *this;
  }
  Op& most(std::int64_t elements) {
    most_ = elements;
    return *this;
  }

  Result<Outputs> apply(const std::vector<Array>& inputs) const {
    if (node_.kind == nullptr) return invalid("is no operator");
    return node_.kind->apply(Call{node_, inputs, opset_, most_});
  }
  Outputs all(const std::vector<Array>& inputs) const {
    Result<Outputs> outputs = apply(inputs);
    EXPECT_TRUE(outputs.has_value()) << node_.op << " " << outputs.error().message;
    return outputs ? *outputs : Outputs(std::max<std::size_t>(node_.outputs.size(), 1));
  }
  Array one(const std::vector<Array>& inputs) const { return all(inputs).at(0); }
  // The message, or "" if the operator succeeds.
  std::string error(const std::vector<Array>& inputs) const {
    const Result<Outputs> outputs = apply(inputs);
    return outputs ? "" : outputs.error().message;
  }
  Work work(const std::vector<Array>& inputs) const {
    const Call call{node_, inputs, opset_, most_};
    return work_of(*node_.kind, call, all(inputs));
  }

 private:
  Attribute& attribute(const char* name, Attribute::Kind kind) {
    Attribute& a = node_.attributes.emplace_back();
    a.name = name;
    a.kind = kind;
    return a;
  }

  Node node_;
  std::int64_t opset_;
  std::int64_t most_ = kMostElements;
};

// Elements as a test writes them down; of an array that is not known or of another type, none.
template <typename T = float>
std::vector<T> elements(const Array& array) {
  EXPECT_TRUE(array.known());
  EXPECT_EQ(array.type(), element_type_of<T>);
  if (!array.known() || array.type() != element_type_of<T>) return {};
  const std::span<const T> values = array.as<T>();
  return std::vector<T>(values.begin(), values.end());
}
// Of any type, as integers: true is 1.
inline Integers whole(const Array& array) {
  return elements<std::int64_t>(converted(array, ElementType::kInt64));
}

}  // namespace soliton::ir
