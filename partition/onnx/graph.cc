#include "partition/onnx/graph.h"

#include <fmt/format.h>

#include <algorithm>

#include "partition/ir/shown_name.h"

namespace soliton::onnx_import {

ConstantPtr integer_list(Integers values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return std::make_shared<const Constant>(Constant{{count}, std::move(values)});
}

const Attribute* Node::find(const std::string& attribute) const {
  const auto at = std::find_if(attributes.begin(), attributes.end(),
                               [&](const Attribute& a) { return a.name == attribute; });
  return at == attributes.end() ? nullptr : &*at;
}

namespace {

tl::unexpected<Error> wrong_kind(const std::string& attribute, const char* wanted) {
  return invalid(fmt::format("attribute {} is not {}", attribute, wanted));
}

}  // namespace

Result<std::int64_t> Node::integer(const std::string& attribute, std::int64_t otherwise) const {
  const Attribute* a = find(attribute);
  if (a == nullptr) return otherwise;
  if (a->kind != Attribute::Kind::kInteger) return wrong_kind(attribute, "an integer");
  return a->integer;
}

Result<float> Node::number(const std::string& attribute, float otherwise) const {
  const Attribute* a = find(attribute);
  if (a == nullptr) return otherwise;
  if (a->kind != Attribute::Kind::kFloat) return wrong_kind(attribute, "a number");
  return a->number;
}

Result<std::string> Node::text(const std::string& attribute, const std::string& otherwise) const {
  const Attribute* a = find(attribute);
  if (a == nullptr) return otherwise;
  if (a->kind != Attribute::Kind::kText) return wrong_kind(attribute, "a text");
  return a->text;
}

}  // namespace soliton::onnx_import
