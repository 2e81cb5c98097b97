// Matrices, constants and messages of `soliton isa` from and to .npy files.
#pragma once

#include <string>
#include <vector>

#include "cluster/cli/isa_trace.h"
#include "protocol/isa/assembly.h"

namespace soliton {

// Looks up .npy files relative to the program's folder.
ArrayLookup arrays_beside(const std::string& program);
// Whether a matrix or a constant comes from a file.
bool names_files(const Assembly& assembly);

struct IsaFiles {
  struct Output {
    std::uint32_t port = 0;
    std::string path;
  };
  std::vector<GivenMessages> given;
  std::vector<Output> outputs;
};

// Each option is PORT=FILE.npy, or FILE.npy if there is only one port. A message is a row of the
// port's elements, also for a port that is read as an index. kInvalid: an unknown port, a port
// given twice, a wrong shape, a NaN.
Checked<IsaFiles> read_isa_files(const Shard& shard, const std::vector<std::string>& inputs,
                                 const std::vector<std::string>& outputs);
// Writes every message of the requested ports as a row of float32. kNotWritten.
Status write_outputs(const Shard& shard, const IsaTrace& trace, const IsaFiles& files);

}  // namespace soliton
