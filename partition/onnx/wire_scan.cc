#include "partition/onnx/wire_scan.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <optional>

#include "partition/onnx/limits.h"

namespace soliton::onnx_import {

namespace {

// Messages of onnx.proto by what they may contain; kLeaf: no messages inside.
enum class Kind : std::uint8_t {
  kModel,
  kTraining,
  kFunction,
  kGraph,
  kNode,
  kAttribute,
  kTensor,
  kSparse,
  kValueInfo,
  kType,
  kTyped,
  kShape,
  kAnnotation,
  kLeaf
};

struct Child {
  Kind owner;
  std::uint64_t field;
  Kind kind;
};

// Field numbers of onnx.proto (IR version 8).
constexpr std::array kChildren{
    Child{Kind::kModel, 7, Kind::kGraph},       Child{Kind::kModel, 8, Kind::kLeaf},
    Child{Kind::kModel, 14, Kind::kLeaf},       Child{Kind::kModel, 20, Kind::kTraining},
    Child{Kind::kModel, 25, Kind::kFunction},   Child{Kind::kTraining, 1, Kind::kGraph},
    Child{Kind::kTraining, 2, Kind::kGraph},    Child{Kind::kTraining, 3, Kind::kLeaf},
    Child{Kind::kTraining, 4, Kind::kLeaf},     Child{Kind::kFunction, 7, Kind::kNode},
    Child{Kind::kFunction, 9, Kind::kLeaf},     Child{Kind::kGraph, 1, Kind::kNode},
    Child{Kind::kGraph, 5, Kind::kTensor},      Child{Kind::kGraph, 11, Kind::kValueInfo},
    Child{Kind::kGraph, 12, Kind::kValueInfo},  Child{Kind::kGraph, 13, Kind::kValueInfo},
    Child{Kind::kGraph, 14, Kind::kAnnotation}, Child{Kind::kGraph, 15, Kind::kSparse},
    Child{Kind::kNode, 5, Kind::kAttribute},    Child{Kind::kAttribute, 5, Kind::kTensor},
    Child{Kind::kAttribute, 6, Kind::kGraph},   Child{Kind::kAttribute, 10, Kind::kTensor},
    Child{Kind::kAttribute, 11, Kind::kGraph},  Child{Kind::kAttribute, 14, Kind::kType},
    Child{Kind::kAttribute, 15, Kind::kType},   Child{Kind::kAttribute, 22, Kind::kSparse},
    Child{Kind::kAttribute, 23, Kind::kSparse}, Child{Kind::kTensor, 3, Kind::kLeaf},
    Child{Kind::kTensor, 13, Kind::kLeaf},      Child{Kind::kSparse, 1, Kind::kTensor},
    Child{Kind::kSparse, 2, Kind::kTensor},     Child{Kind::kValueInfo, 2, Kind::kType},
    Child{Kind::kType, 1, Kind::kTyped},        Child{Kind::kType, 4, Kind::kTyped},
    Child{Kind::kType, 5, Kind::kTyped},        Child{Kind::kType, 8, Kind::kTyped},
    Child{Kind::kType, 9, Kind::kTyped},        Child{Kind::kTyped, 1, Kind::kType},
    Child{Kind::kTyped, 2, Kind::kShape},       Child{Kind::kShape, 1, Kind::kLeaf},
    Child{Kind::kAnnotation, 2, Kind::kLeaf},
};

std::optional<Kind> child_of(Kind owner, std::uint64_t field) {
  for (const Child& child : kChildren)
    if (child.owner == owner && child.field == field) return child.kind;
  return std::nullopt;
}

class Scan {
 public:
  explicit Scan(std::string_view bytes) : bytes_(bytes) {}

  Status run() { return message(Kind::kModel, bytes_.size(), 0, 0); }

 private:
  tl::unexpected<Error> broken() const {
    return invalid(
        fmt::format("is not an ONNX model, or is cut short: unreadable at byte {}", at_));
  }

  Status message(Kind kind, std::size_t end, int depth, int graphs) {
    if (depth > kMaxOnnxRecursion)
      return invalid(fmt::format("nests messages deeper than {}", kMaxOnnxRecursion));
    if (graphs > kMaxOnnxSubgraphs)
      return invalid(fmt::format("nests graphs deeper than {}", kMaxOnnxSubgraphs));
    if (++messages_ > kMaxMessages)
      return invalid(fmt::format("has more than {} messages", kMaxMessages));
    if (kind == Kind::kNode && ++nodes_ > kMaxOnnxNodes)
      return invalid(fmt::format("has more than {} nodes", kMaxOnnxNodes));
    while (at_ < end)
      if (const Status status = field(kind, end, depth, graphs); !status) return status;
    return {};
  }

  Status field(Kind kind, std::size_t end, int depth, int graphs) {
    if (++fields_ > kMaxFields) return invalid(fmt::format("has more than {} fields", kMaxFields));
    const std::optional<std::uint64_t> tag = varint(end);
    if (!tag || *tag >> 3 == 0) return broken();
    switch (*tag & 7) {
      case 0:
        return varint(end) ? Status{} : broken();
      case 1:
        return skip(8, end);
      case 5:
        return skip(4, end);
      case 2:
        break;
      default:
        return broken();
    }
    const std::optional<std::uint64_t> length = varint(end);
    if (!length || *length > end - at_) return broken();
    const std::optional<Kind> child = child_of(kind, *tag >> 3);
    if (!child) return skip(*length, end);
    return message(*child, at_ + static_cast<std::size_t>(*length), depth + 1,
                   graphs + (*child == Kind::kGraph));
  }

  Status skip(std::uint64_t count, std::size_t end) {
    if (count > end - at_) return broken();
    at_ += static_cast<std::size_t>(count);
    return {};
  }

  std::optional<std::uint64_t> varint(std::size_t end) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && at_ < end; shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::size_t messages_ = 0;
  std::size_t fields_ = 0;
  std::size_t nodes_ = 0;
};

}  // namespace

Status scan_onnx(std::string_view bytes) { return Scan(bytes).run(); }

}  // namespace soliton::onnx_import
