// The recurrent cells as chain programs for one node's slice of rows: of devices with fused cell
// programs (docs/isa.md), and of those with stepwise ones:
//
//          fused                         stepwise
//   rnn    h                             h
//   lstm   i f o c, h                    i f o g, c, h
//   gru    r z, z*h, 1-z, h              z r, n, h (blend)
//   gru    r z n, h                      the same             (reset after the product)
//
// Chains with a product are those before the first comma, and a GRU's candidate (h, n).
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "partition/lower/builder.h"

namespace soliton {

// The slice of one direction of a recurrent layer that one node holds.
struct CellSpec {
  const RecurrentLayer* layer = nullptr;
  const RecurrentWeights* weights = nullptr;
  std::string label;  // "gru0", "gru0.reverse"
  RowRange rows;      // of the hidden state; starts at native-tile borders
  std::vector<std::int64_t> input_parts;
  std::uint32_t input = 0;   // InitialVrf, the whole input vector
  std::uint32_t hidden = 0;  // InitialVrf, the whole hidden state
  // False: other nodes compute W x + b of every gate and send it to the registers x().
  bool input_side = true;
};

// Rows of the gates, in the order in which their products are issued.
std::span<const int> gate_order(Cell cell);

// W x + b of one gate for the rows of a spec. It is part of a cell's input side, and is used alone
// by a node that computes the input side for another node.
class GateInput {
 public:
  GateInput(ShardBuilder& builder, const CellSpec& spec, int gate);
  // Emits the reading of the input and the product; the result is still to be written.
  ChainWriter emit(ShardBuilder& builder) const;
  const std::string& label() const { return label_; }

 private:
  std::string label_;
  std::uint32_t input_;
  PlacedMatrix matrix_;
  std::uint32_t bias_;  // AddSubVrf_0
};

class CellProgram {
 public:
  // Reserves registers and places matrices. `builder` must outlive the object.
  CellProgram(ShardBuilder& builder, const CellSpec& spec);

  // Emits the chains that set non-zero initial states, once a request before its first step.
  void emit_initial();
  // Emits the chains that need only the input of the step.
  void emit_input_side();
  // Emits the chains that need the hidden state. The node's new slice goes to InitialVrf and to
  // `ports`. If the reset comes before the product and there are several nodes, `gather_reset` is
  // called after the slice of r*h has been sent (on `reset_port`, set with set_reset_port) and
  // before r*h is used.
  template <typename Gather>
  void emit_recurrence(const std::vector<std::uint16_t>& ports, Gather gather_reset) {
    if (layer().cell == Cell::kRnn) return emit_rnn(ports);
    if (layer().cell == Cell::kLstm) return emit_lstm(ports);
    if (layer().reset_after) return emit_reset_after(ports);
    emit_reset_gates();
    gather_reset();
    emit_reset_candidate(ports);
  }

  // Sends the cell state: after the last step.
  void emit_cell_state(std::uint16_t port);
  // MultiplyVrf: the node's own rows of the cell state.
  std::uint32_t cell_state() const { return cell_; }

  bool needs_reset_gather() const { return layer().cell == Cell::kGru && !layer().reset_after; }
  void set_reset_port(std::uint16_t port) { reset_ports_ = {port}; }
  // The registers from which W x + b of a gate is read.
  struct Register {
    Memory memory = Memory::kAddSubVrf0;
    std::uint32_t index = 0;
  };
  Register x(int gate) const {
    return {keeps_apart(gate) ? Memory::kAddSubVrf1 : Memory::kAddSubVrf0, x_[gate]};
  }
  // InitialVrf: the whole r*h.
  std::uint32_t reset_hidden() const { return reset_hidden_; }
  const CellSpec& spec() const { return spec_; }

 private:
  static constexpr int kGatesMost = 4;

  const RecurrentLayer& layer() const { return *spec_.layer; }
  bool stepwise() const { return b_.device().cell_programs == CellPrograms::kStepwise; }
  // The candidate of a GRU with the reset after the product adds W x + b after the reset.
  bool keeps_apart(int gate) const;
  void place_recurrent(int gate);
  void place_initial();
  void reserve_temporaries();
  void reserve_lstm();
  void reserve_gru();
  std::string label(const char* what) const { return spec_.label + "." + what; }
  ChainWriter recurrent(int gate, const char* what, std::uint32_t from);
  ChainWriter blend();
  void emit_rnn(const std::vector<std::uint16_t>& ports);
  void emit_lstm(const std::vector<std::uint16_t>& ports);
  void emit_lstm_cell();
  void emit_reset_after(const std::vector<std::uint16_t>& ports);
  void emit_reset();
  void emit_reset_gates();
  void emit_reset_candidate(const std::vector<std::uint16_t>& ports);

  ShardBuilder& b_;
  CellSpec spec_;
  std::uint32_t vectors_ = 0;      // native vectors of the node's own slice
  std::uint32_t hidden_own_ = 0;   // InitialVrf
  std::vector<GateInput> inputs_;  // by gate; empty without an input side
  std::array<PlacedMatrix, kGatesMost> recurrent_matrix_;
  std::array<std::uint32_t, kGatesMost>
      x_{};  // W x + b: AddSubVrf_0, of the candidate with reset after AddSubVrf_1
  std::vector<std::uint16_t> reset_ports_;
  std::optional<std::uint32_t> initial_hidden_, initial_cell_;  // InitialVrf

  // InitialVrf
  std::uint32_t reset_hidden_ = 0, ones_ = 0, cell_initial_ = 0, candidate_ = 0;
  // MultiplyVrf
  std::uint32_t hidden_times_ = 0, reset_ = 0, update_ = 0, one_minus_update_ = 0, cell_ = 0,
                input_gate_ = 0, output_gate_ = 0;
  // AddSubVrf
  std::uint32_t update_add_ = 0, update_hidden_ = 0, recurrent_bias_ = 0, candidate0_ = 0,
                candidate1_ = 0, forget_cell_ = 0;
};

}  // namespace soliton
