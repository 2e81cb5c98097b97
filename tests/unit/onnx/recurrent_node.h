// LSTM, GRU and RNN nodes for tests, and the equations of the ONNX operator pages, in ONNX's own
// gate order.
#pragma once

#include "tests/unit/onnx/graphs.h"

namespace soliton::test {

inline constexpr std::int64_t kIn = 3, kHidden = 4, kSteps = 5;
using Row = std::vector<double>;
using Rows = std::vector<Row>;

// Weights as an ONNX node has them: all directions, gates z r h, i o f c, or one.
struct Node {
  std::string op = "LSTM";
  std::string direction = "forward";
  bool linear_before_reset = false;
  std::int64_t input = kIn;
  std::uint64_t salt = 1;

  std::size_t directions() const { return direction == "bidirectional" ? 2 : 1; }
  std::size_t gates() const { return op == "GRU" ? 3 : op == "LSTM" ? 4 : 1; }
  std::size_t rows() const { return gates() * kHidden; }
  std::vector<float> w() const {
    return values(directions() * rows() * static_cast<std::size_t>(input), salt);
  }
  std::vector<float> r() const { return values(directions() * rows() * kHidden, salt + 100); }
  std::vector<float> b() const { return values(directions() * rows() * 2, salt + 200); }
};

struct NodeOutputs {
  Rows y;        // [steps][directions * hidden]
  Row y_h, y_c;  // [directions * hidden]; y_c of an LSTM alone
};

NodeOutputs run_node(const Node& node, const Rows& x);
Row joined(const Rows& rows);
std::vector<float> input_values();
Rows input_rows();

// Adds the node with weights called w, r and b + `suffix`; its outputs are y and y_h + `suffix`.
::onnx::NodeProto* add(GraphMaker& g, const Node& node, const std::string& x,
                       const std::string& suffix = "");
// The node alone, over x [free, 1, kIn].
GraphMaker single(const Node& node, const std::string& output);
// Every cell in every direction.
std::vector<Node> all_kinds();

}  // namespace soliton::test
