// Conversion of protobuf tensors to constants.
#pragma once

#include <string>

#include "partition/onnx/external_data.h"
#include "partition/onnx/graph.h"

namespace onnx {
class TensorProto;
}

namespace soliton::onnx_import {

// Checks dimensions and type, and that exactly the declared elements are present, before it
// allocates memory for them.
Result<ConstantPtr> constant_of(const ::onnx::TensorProto& tensor, ExternalData& external);

}  // namespace soliton::onnx_import
