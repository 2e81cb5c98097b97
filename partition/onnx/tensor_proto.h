// Conversion of protobuf tensors to arrays.
#pragma once

#include <string>

#include "partition/ir/array.h"
#include "partition/onnx/external_data.h"

namespace onnx {
class TensorProto;
}

namespace soliton::onnx_import {

// bfloat16 becomes fp32, which holds it exactly. Checks dimensions and type, and that exactly the
// declared elements are present, before it
// allocates memory for them.
Result<ir::Array> array_of(const ::onnx::TensorProto& tensor, ExternalData& external);

// The element type of a data_type of ONNX as arrays hold it; kNone: not supported.
ir::ElementType element_type_of(int data_type);
// ONNX's name of it: "FLOAT16", "number 99".
std::string type_text(int data_type);

}  // namespace soliton::onnx_import
