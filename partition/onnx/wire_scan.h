// A first pass over the bytes of an ONNX file, before protobuf allocates memory for them: a 2-byte
// empty message becomes objects of hundreds of bytes. It knows which fields hold messages but not
// what they mean.
#pragma once

#include <string_view>

#include "protocol/base/result.h"

namespace soliton::onnx_import {

// Limit on the objects that a file would become, generous enough for a million operators.
inline constexpr std::size_t kMaxMessages = 4'000'000;
inline constexpr std::size_t kMaxFields = 32'000'000;

// Errors: not protobuf or truncated (with the position), nested too deeply, or more nodes, messages
// or fields than allowed.
Status scan_onnx(std::string_view bytes);

}  // namespace soliton::onnx_import
