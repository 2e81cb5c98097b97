// Arrays in NumPy's .npy files: bool, int8, uint8, int16, and little-endian int32, int64, float16,
// float32, float64, C order, format versions 1.0 to 3.0. Anything else is refused by name. (NumPy
// enhancement proposal 1;
// numpy.lib.format.)
//
//   Result<NpyArray> tokens = read_npy("tokens.npy");   // int64 [requests, steps]
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.h"

namespace soliton {

enum class NpyType : std::uint8_t {
  kInt32,
  kInt64,
  kFloat16,
  kFloat32,
  kFloat64,
  kInt8,
  kUint8,
  kInt16,
  kBool,
};

inline constexpr std::int64_t kMaxNpyBytes = std::int64_t{4} << 30;  // size of a file
inline constexpr std::size_t kMaxNpyHeader = 64 * 1024;              // bytes of its dictionary
inline constexpr std::size_t kMaxNpyRank = 16;

std::size_t element_bytes(NpyType type);
const char* type_name(NpyType type);  // "int64"

struct NpyArray {
  NpyType type = NpyType::kFloat32;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> data;  // elements() * element_bytes(type), as in the file

  std::int64_t elements() const;
  bool is_integer() const {
    return type == NpyType::kInt32 || type == NpyType::kInt64 || type == NpyType::kInt8 ||
           type == NpyType::kUint8 || type == NpyType::kInt16;
  }
  // Extent of the first axis (requests), 1 for a scalar; and number of elements of one row.
  std::int64_t rows() const { return shape.empty() ? 1 : shape[0]; }
  std::int64_t row_elements() const;
  // Row `row` as numbers: exact integers, or fp32. REQUIRES: 0 <= row < rows(), and is_integer()
  // for integer_row(). float_row() loses bits of int64 values beyond 2^24.
  std::vector<std::int64_t> integer_row(std::int64_t row) const;
  std::vector<float> float_row(std::int64_t row) const;
};

NpyArray npy_of(const std::vector<float>& values, std::vector<std::int64_t> shape);
NpyArray npy_of(const std::vector<std::int64_t>& values, std::vector<std::int64_t> shape);

// Error: kInvalid, beginning with `name` or the path. The file is not regular, too large,
// truncated, has bytes left over, and so on.
Result<NpyArray> parse_npy(std::string_view bytes, const std::string& name);
Result<NpyArray> read_npy(const std::string& path);

// Writes version 1.0, as numpy.save does.
std::string format_npy(const NpyArray& array);
// Writes a file beside `path` and renames it, so that `path` is either complete or unchanged.
// Error: kNotWritten.
Status write_npy(const std::string& path, const NpyArray& array);

}  // namespace soliton
