// A first pass over the bytes of an ONNX file, before protobuf allocates for them: a 2-byte empty
// message becomes hundreds of bytes of objects. Knows which fields hold messages, nothing of what
// they mean.
#pragma once

#include <string_view>

#include "protocol/base/result.h"

namespace soliton::onnx_import {

// Objects the file would become. Generous for a million operators.
inline constexpr std::size_t kMaxMessages = 4'000'000;
inline constexpr std::size_t kMaxFields = 32'000'000;

// Errors: not protobuf or cut short (with the place), nested too deep, more nodes, messages or
// fields than allowed.
Status scan_onnx(std::string_view bytes);

}  // namespace soliton::onnx_import
