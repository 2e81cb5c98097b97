// Arrays, formats and weights from files. What is read is written back to the same; a format's name is
// a format of that name; the fast product has the bits of the reference.
#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "partition/ir/npy.h"
#include "protocol/base/check.h"
#include "protocol/tensor/format.h"
#include "tests/fuzz/bytes.h"

namespace soliton {
namespace {

void array(FuzzBytes in) {
  const Result<NpyArray> read = parse_npy(in.text(), "fuzz.npy");
  if (!read) {
    SOLITON_CHECK(read.error().message.starts_with("fuzz.npy"));
    return;
  }
  const Result<NpyArray> again = parse_npy(format_npy(*read), "again.npy");
  SOLITON_CHECK(again && again->type == read->type && again->shape == read->shape &&
                again->data == read->data);
  SOLITON_CHECK(read->data.size() ==
                static_cast<std::size_t>(read->elements()) * element_bytes(read->type));
  if (read->rows() == 0 || read->elements() == 0) return;
  const std::int64_t last = read->rows() - 1;
  SOLITON_CHECK(read->float_row(last).size() == static_cast<std::size_t>(read->row_elements()));
  if (read->is_integer()) read->integer_row(last);
}

Result<NumberFormat> format(FuzzBytes& in) {
  Result<NumberFormat> read = parse_format(in.text(in.byte() % 64));
  if (!read) {
    SOLITON_CHECK(!read.error().message.empty());
    return read;
  }
  const Result<NumberFormat> again = parse_format(read->name);
  SOLITON_CHECK(again && again->name == read->name && describe(*again) == describe(*read));
  return read;
}

bool same_bits(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

void product(FuzzBytes in) {
  const Result<NumberFormat> read = format(in);
  if (!read) return;
  const int rows = 1 + in.byte() % 20, columns = 1 + in.byte() % 40, native = 1 + in.byte() % 40;
  std::vector<float> weights;
  for (int i = 0; i < rows * columns; ++i)
    weights.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(in.number(4))));
  const Result<BfpMatrix> matrix =
      quantise_matrix(weights, rows, columns, *read, native, "weights");
  if (!matrix) {
    SOLITON_CHECK(!matrix.error().message.empty());
    return;
  }
  std::vector<std::uint16_t> values;
  for (int i = 0; i < columns; ++i) values.push_back(static_cast<std::uint16_t>(in.number(2)));
  BfpVector vector;
  quantise_activation(values, *read, matrix->block_starts, vector);
  std::vector<float> fast(static_cast<std::size_t>(rows)), slow(fast.size());
  multiply(*matrix, vector, fast);
  multiply_reference(*matrix, vector, slow);
  SOLITON_CHECK(std::ranges::equal(fast, slow, same_bits));
}

}  // namespace
}  // namespace soliton

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  soliton::FuzzBytes in(data, size);
  if (in.byte() % 2 == 0)
    soliton::array(in);
  else
    soliton::product(in);
  return 0;
}
