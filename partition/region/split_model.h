// Which operators of a graph FPGAs run, and as what: layers of chains (partition/ir/layer_graph.h). The
// rest stays on CPU parts.
//
// Decided from the graph, its shapes and the functions that all FPGAs of the cluster have; never
// from their number, the topology or the objective, because a CPU computes in fp32 and an FPGA in
// fp16: the split decides bits (docs/models.md).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "partition/ir/graph.h"
#include "partition/ir/layer_graph.h"
#include "partition/ir/request_shapes.h"
#include "protocol/isa/program.h"

namespace soliton {

struct SplitRequest {
  const ir::Graph* graph = nullptr;
  const ir::RequestShapes* shapes = nullptr;
  std::function<bool(Opcode)> has;  // whether every FPGA of the cluster has the function
  std::vector<bool> on_cpu;         // by node: pinned there; empty: none is
  bool pinned(std::size_t node) const { return !on_cpu.empty() && on_cpu[node]; }
};

struct SplitModel {
  // Its layers have the names of operators. Without layers everything stays on CPU parts.
  LayerGraph fpga;
  std::vector<ir::ValueId> sources;  // by LayerGraph::sources: the array that CPU parts send
  std::vector<ir::ValueId> results;  // by LayerGraph::results: the array that CPU parts get
  // By node of the graph. An operator that only keeps the order of elements in front of FPGAs is on
  // them, in no layer: they read what it reads.
  std::vector<bool> on_fpga;
  std::vector<std::string> why;  // by node: why it is not on an FPGA; "" if it is
};

// An array that goes to an FPGA is seen as tokens x width, row-major; so is one that comes from it.
SplitModel split_model(const SplitRequest& request);

// The operators that FPGAs can run, sorted, and what each needs beside the functions of every device
// ("exp, row_reduce"): for documents and lists.
struct FpgaOperator {
  std::string_view name;
  std::string_view needs;
};
std::vector<FpgaOperator> fpga_operators();

}  // namespace soliton
