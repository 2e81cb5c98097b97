// The text form of a whole shard (a `.npu` file), as values and as text. docs/isa.md is its manual.
//
//   .device bw-s10
//   .matrix W 2x2 at 0 rows 700 columns 700 random 7
//   .vector b AddSubVrf_0[0] = random 700 8
//   .in x 700
//   .out y 700
//   .segment steps
//   gate:
//     s_wr rows, 2
//     s_wr columns, 2
//     v_rd NetQ[x]
//     mv_mul W
//     vv_add AddSubVrf_0[0]
//     v_sigm
//     v_wr NetQ[y]
//     end_chain
//
// A line is a directive, a label, an instruction or empty; `#` begins a comment. Every mistake is
// `file:line:column: what is wrong, what is allowed, the nearest name`; all are reported at once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/isa/shard.h"

namespace soliton {

struct AssemblyMatrix {
  enum class Content : std::uint8_t { kZero, kIdentity, kRandom, kFile };
  std::string name;
  Memory memory = Memory::kMatrixRf;  // or kDram
  std::uint32_t tile = 0;
  std::uint32_t tile_rows = 1;  // kFile: 0, as many as the file's numbers fill
  std::uint32_t tile_columns = 1;
  int rows = 0;  // 0: all of the tiles
  int columns = 0;
  // kRandom: uniform with a variance of 1 / columns, so that products keep the size of vectors.
  Content content = Content::kZero;
  std::uint64_t seed = 0;
  std::string path;  // kFile
  bool operator==(const AssemblyMatrix&) const = default;
};

struct AssemblyVector {
  enum class Content : std::uint8_t { kValues, kFill, kRandom, kFile };
  std::string name;
  Memory memory = Memory::kAddSubVrf0;
  std::uint32_t index = 0;
  Content content = Content::kValues;
  std::vector<Half> values;  // kFill: one
  std::uint32_t count = 0;   // kFill, kRandom
  std::uint64_t seed = 0;    // kRandom: uniform between -1/2 and 1/2
  std::string path;          // kFile
  bool operator==(const AssemblyVector&) const = default;
};

struct Assembly {
  std::string node;  // "": the file's name
  std::string device;
  std::string format;  // "": the device's native one
  std::vector<AssemblyMatrix> matrices;
  std::vector<AssemblyVector> vectors;
  std::vector<ZeroedRange> zeroed;
  std::vector<InPort> in_ports;
  std::vector<OutPort> out_ports;
  Program program;
  bool operator==(const Assembly&) const = default;
};

struct SourcePlace {
  int line = 1;
  int column = 1;
};

// Where in the file the parts of an Assembly stand, by the same numbers.
struct AssemblyPlaces {
  SourcePlace device, format;
  std::vector<SourcePlace> matrices, vectors, zeroed, segments;
  // Each chain's instructions, and its end_chain behind them.
  std::vector<std::vector<SourcePlace>> chains;
};

struct ParsedAssembly {
  Assembly assembly;
  AssemblyPlaces places;
  Diagnostics errors;  // with any, `assembly` is what could be read
};

// `file` is the name of the text in errors. Needs no device: assemble() checks sizes and budgets.
ParsedAssembly parse_assembly(std::string_view text, const std::string& file);

// Text that parse_assembly() reads back to equal values. REQUIRES: what parse_assembly() can give:
// every instruction passes check_instruction(), values of constants are finite.
std::string print(const Assembly& assembly);

// Returns the device of that name, or an error that says why there is none.
using DeviceLookup = std::function<Result<NpuDevice>(const std::string& name)>;

// The numbers in a file, row-major. This library opens no files itself.
struct FileArray {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};
using ArrayLookup = std::function<Result<FileArray>(const std::string& path)>;

// A shard that passes shard_faults(), with its weights unless `with_weights` is false; or every
// error, in the file where it has a place there. kDoesNotFit when all that is wrong is a budget.
Checked<Shard> assemble(const ParsedAssembly& parsed, const std::string& file,
                        const DeviceLookup& devices, bool with_weights = true,
                        const ArrayLookup& arrays = {});

}  // namespace soliton
