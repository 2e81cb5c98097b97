// A pass: layers that work on the same step, over all steps of a request, as a software pipeline.
//
//   prologue  input and input side of the first step
//   body      a step, and the input side of the next one right behind its products; steps - 1 times
//   epilogue  the last step
//
// If inputs are scattered, a node also passes on its slice of a later step. It does so two steps
// ahead, during the gather of the hidden state: by then its own slice of the state has left, and
// its port is idle until the next one.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "partition/lower/cells.h"
#include "partition/lower/dense_program.h"
#include "partition/lower/placement.h"
#include "partition/lower/value.h"

namespace soliton {

struct PassLayer {
  const Layer* layer = nullptr;
  std::string label;
  std::size_t direction = 0;
  std::vector<Slice> slices;
  std::vector<std::int64_t> input_parts;
};

// Where the output of the last layer goes.
struct PassOutput {
  bool sequence = false;  // true: of every step; false: of the last step only
  bool leaves = false;    // it is sent to later passes, stages or the host
  // Beside a sequence that leaves: the last step's vector, and the cell state behind it, leave too.
  bool last_leaves = false, cell_leaves = false;
  std::set<std::size_t> readers;  // nodes of the pass that need the last step's output in registers
};

struct PassSpec {
  std::vector<PassLayer> layers;  // all layers on the same nodes; a dense layer may be on fewer
  bool reverse = false;
  // Of the nodes that hold the first layer, or with `input_slices` its input side.
  std::map<std::size_t, Feed> feeds;
  // Rows of the first layer's input side that have nodes of their own; these compute W x + b ahead
  // of the others and send it to them. Empty: the first layer includes its input side.
  std::vector<Slice> input_slices;
  std::string input_label;
  // Read the next step's input after the first layer instead of after the last. If the input is
  // known to be there, its products fill the time for which the first layer waits for its own
  // result.
  bool early_input = true;
  Rounds rounds;  // steps
  PassOutput output;
};

class Pass {
 public:
  // Reserves and connects everything, without emitting any chain.
  Pass(Wiring& wiring, PassSpec spec);
  // Writes all chains of a node. REQUIRES: called once for each node, passes in order of time.
  void emit(std::size_t node);
  // The output as later readers get it: every step's vector or, if no sequence leaves, the last
  // one's; and what leaves beside a sequence.
  Part part() const { return part(layers_.back().out_port, spec_.reverse); }
  Part last_part() const;
  Part cell_part() const { return part(layers_.back().cell_port, false); }
  // The registers where `node`, one of the output's readers, has the output.
  std::uint32_t region(std::size_t node) const { return layers_.back().region.at(node); }

 private:
  // The work of one layer on the nodes of the pass.
  struct Work {
    std::map<std::size_t, CellProgram> cells;
    std::map<std::size_t, DenseProgram> dense;
    std::map<std::size_t, std::uint32_t> region;  // by node: InitialVrf of the whole output
    // What each step's, and the last step's, result goes to.
    std::map<std::size_t, std::vector<std::uint16_t>> ports, last_ports;
    std::map<std::size_t, std::vector<Move>> moves, last_moves, reset_moves;
    std::map<std::size_t, std::uint16_t> out_port, last_port, cell_port;
    std::map<std::size_t, std::vector<Move>> initial_moves;
  };
  // W x + b of one gate for the rows of one receiver, and its destination.
  struct SentInput {
    GateInput gate;
    std::uint16_t out_port = 0;
  };

  Part part(const std::map<std::size_t, std::uint16_t>& ports, bool reverse) const;
  bool is_last(std::size_t layer) const { return layer + 1 == spec_.layers.size(); }
  std::set<std::size_t> readers(std::size_t layer) const;
  std::uint32_t input_region(std::size_t layer, std::size_t node) const;
  std::uint32_t reserve_region(std::size_t layer, std::size_t node);
  void build_recurrent(std::size_t layer);
  void build_initial(std::size_t layer, const Slice& slice);
  void build_dense(std::size_t layer);
  void emit_initial(std::size_t node);
  void emit_cell_state(std::size_t node);
  // Makes ports from every slice to `to`, except the slice's own node. `base` is the region of each
  // reader.
  void exchange(std::size_t layer, const std::string& what, const std::set<std::size_t>& to,
                const std::map<std::size_t, std::uint32_t>& base,
                std::map<std::size_t, std::uint16_t>& ports,
                std::map<std::size_t, std::vector<Move>>& moves);
  // The chains of `sender`, the moves of those who receive.
  void build_input_side(const Slice& sender);
  void build_gather(std::size_t layer);
  void build_last_handoff(std::size_t layer, const std::map<std::size_t, std::uint16_t>& gather);
  void build_output(std::size_t layer);
  // Writes all chains of a node that holds only an input side.
  void emit_input_side(std::size_t node);
  // Chains [begin, end).
  struct ChainRange {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };
  ChainRange emit_ahead(std::size_t node);
  void emit_input(std::size_t node);
  // The chains of emit_ahead() within those of the step.
  ChainRange emit_step(std::size_t node, bool next, bool last);
  bool passes_on(std::size_t node) const;
  // Index of the move whose message arrives first, among those that gather the first layer's state.
  std::ptrdiff_t soonest(std::size_t node) const;
  void emit_dense(std::size_t layer, std::size_t node, bool last);

  Wiring& wiring_;
  PassSpec spec_;
  std::vector<Work> layers_;
  std::map<std::size_t, std::vector<SentInput>> sent_inputs_;  // by sender
  std::map<std::size_t, std::vector<Move>> received_inputs_;   // by receiver
};

}  // namespace soliton
