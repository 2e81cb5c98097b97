// The .npy files of a graph's inputs and answers. Inside cluster/workload only.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cluster/workload/graph_workload.h"

namespace soliton {

struct InputFile {
  std::string path;               // "": none
  std::optional<NpyArray> array;  // what it holds
  bool whole = false;             // one value for all requests
  std::optional<Lanes> lanes;     // its rows have one axis less than the input
};

// Finds and reads the file of each input of the graph, and decides how its rows become the input.
// Errors: kInvalid, names that the model does not have, files that do not fit.
Checked<std::vector<InputFile>> read_input_files(const ClusterSpec& spec, const std::string& model,
                                                 const ir::Graph& graph, FilesRead& files);

// The input of a request. REQUIRES: the file has an array, and that row.
ir::Array request_array(const InputFile& file, const ir::Input& input, std::int64_t row);

// Reads labels and goldens into the workload, whose requests are known.
Diagnostics read_answers(const ClusterSpec& spec, const std::string& model, const ir::Graph& graph,
                         GraphWorkload& workload);

// Of a model with a fixed batch the one lane that is looked at is enough if the first request has the
// same answer without the others, to the last bit: then the graph and its requests have one. An
// operator that mixes lanes keeps them. REQUIRES: requests are given where there are lanes.
void use_one_lane(ir::Graph& graph, GraphWorkload& workload);

// The first `count` indices of an axis.
ir::Array cut(const ir::Array& array, std::size_t axis, std::int64_t count);
// "float32 of shape (3, 2)"
std::string held(const NpyArray& array);
// "[1, T, 80]"
std::string declared_text(const ir::Input& input);
// Whether an array of that shape can be the input; with `without`, that axis is left out.
bool fits(const ir::Input& input, std::span<const std::int64_t> shape,
          std::optional<std::size_t> without = std::nullopt);

}  // namespace soliton
