#include "partition/region/split_rnn.h"

#include <vector>

namespace soliton {

SplitModel split_rnn(const RnnOptions& options) {
  const ir::Graph graph = build_rnn(options);
  const std::vector<ir::Trial> inputs{
      {0, {ir::Array::unknown(graph.inputs[0].type, graph.inputs[0].shape)}}};
  const ir::RequestShapes shapes = ir::infer_shapes(graph, inputs);
  return split_model({&graph, &shapes, [](Opcode) { return true; }, {}});
}

}  // namespace soliton
