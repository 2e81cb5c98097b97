// What matrices and vectors of an assembly file hold: made from a seed, given in the text, or read
// from a file. Inside protocol/isa only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/isa/assembly.h"

namespace soliton {

// Limit of the weights of one file, which are generated in memory.
inline constexpr std::int64_t kAssemblyWeightsLimit = std::int64_t{1} << 28;

// The errors found in one assembly file, each at a place of it.
class PlacedErrors {
 public:
  explicit PlacedErrors(const std::string& file) : file_(file) {}
  void add(ErrorCode code, SourcePlace place, const std::string& message);
  void append(const Diagnostics& more) { found_.append(more); }
  bool empty() const { return found_.empty(); }
  Diagnostics take() { return std::move(found_); }

 private:
  const std::string& file_;
  Diagnostics found_;
};

// Reads contents; what is wrong with a file is added to `errors`, at the place that names the file.
// All references outlive the object.
class AssemblyContents {
 public:
  AssemblyContents(const ArrayLookup& arrays, PlacedErrors& errors)
      : arrays_(arrays), errors_(errors) {}

  // `matrix` with the size its file has, where the program gives none.
  AssemblyMatrix sized(AssemblyMatrix matrix, int native_dim, SourcePlace place);
  // The numbers of a vector, at most one native vector more than its memory holds, which is enough
  // to be refused.
  std::vector<Half> vector(const AssemblyVector& vector, const NpuDevice& device,
                           SourcePlace place);
  // The weights of a matrix of that size, row by row; nullopt after an error.
  std::optional<std::vector<float>> weights(const AssemblyMatrix& matrix, const BfpMatrix& size,
                                            SourcePlace place);

 private:
  std::optional<FileArray> read_array(const std::string& path, SourcePlace place);
  std::vector<Half> values_from_file(const std::string& path, SourcePlace place);

  const ArrayLookup& arrays_;
  PlacedErrors& errors_;
};

}  // namespace soliton
