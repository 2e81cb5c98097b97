// The inputs of a run of a graph, and what its answers are compared with.
//
// bind_graph() decides for every input of the model where it comes from: a value that is the same in
// all requests (model.inputs), a .npy file of the workload, state that the request before left, or
// chance. load_graph_workload() then has every request's arrays.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/file/spec.h"
#include "node/cpu/cpu_spec.h"
#include "partition/ir/graph.h"
#include "partition/ir/npy.h"
#include "partition/ir/request_shapes.h"

namespace soliton {

// A request stands for one index of a batch axis of the model where files have one axis less. Models
// with a fixed batch get the request in every lane; lane 0 is its answer.
struct Lanes {
  std::size_t axis = 0;    // of the inputs
  std::int64_t count = 1;  // lanes of the model
  std::size_t rank = 0;    // of the inputs
  // By output: the extents of its answers, kOpen where requests differ, which are no lanes even where a
  // request has one step. Empty where nothing is known.
  std::vector<ir::Shape> answers;
};

struct GraphWorkload {
  GraphInputs inputs;
  std::optional<Lanes> lanes;  // none: inputs are as the model has them
  // By row of the input files; empty if there are none.
  std::vector<std::vector<std::int64_t>> labels;
  std::vector<std::vector<NpyArray>>
      goldens;  // by output of the graph; of no output no file: empty
  std::vector<std::string> input_files, golden_files;  // by input and output; "": none
  FilesRead files;

  std::size_t rows() const { return inputs.given.size(); }
};

// Values of model.inputs that are files. Errors begin with the place in the cluster file.
Checked<std::map<std::string, ir::Array>> given_inputs(const ModelSpec& model, FilesRead& files);

// Reads the files of the workload, pairs the states of `graph` and sets Graph::states. REQUIRES: the
// graph has no inputs that model.inputs gives a value. Errors: kInvalid, one for each input, file or
// dimension that does not fit; those about a file begin with its path.
Checked<GraphWorkload> load_graph_workload(const ClusterSpec& spec, const std::string& model,
                                           ir::Graph& graph);

// What the files hold, when the shapes of all values are known: numbers, symbols of a table, goldens
// and labels of the right sizes. Drops labels behind the end of an answer. Errors: kInvalid, each
// begins with the path of its file.
Diagnostics check_data(const ClusterSpec& spec, const std::string& model, const ir::Graph& graph,
                       const ir::RequestShapes& shapes, GraphWorkload& workload);

// Output `number` of an answer without the batch axis that stands for requests.
ir::Array lane_of(const ir::Array& output, std::size_t number, const std::optional<Lanes>& lanes);
// Sets Lanes::answers.
void know_answers(const ir::Graph& graph, const ir::RequestShapes& shapes, GraphWorkload& workload);

// Row `row` of the file as an array, and the whole file.
ir::Array array_of_row(const NpyArray& array, std::int64_t row);
ir::Array array_of(const NpyArray& array);
// Arrays of one type and shape, one after the other along a new first axis. nullopt: of a type that
// files do not hold.
std::optional<NpyArray> npy_of_rows(const std::vector<ir::Array>& rows);

}  // namespace soliton
