// Layers without recurrence that run equally often, as one loop: a round reads what it needs, runs
// every layer once in the order of the model, and sends what others need.
//
// A node keeps a vector in every register file from which one of its layers reads it, as a file
// feeds one kind of operand; whoever makes the vector, or moves it out of NetQ, writes all of them,
// which costs no time. Registers are borrowed from the first write of a round to the last read. Rows
// of a layer are divided at native tiles, so cuts change no bit.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "partition/lower/dense_program.h"
#include "partition/lower/placement.h"
#include "partition/lower/value.h"

namespace soliton {

class FeedForward {
 public:
  // Layers [first, last) of the model; `slices` by layer. `leaves` says whether anything behind them
  // reads the vectors of a layer. Values of earlier layers are in `values`, to which run() adds
  // theirs. All references must outlive the object.
  struct Spec {
    const LayerGraph& model;
    std::size_t first = 0;
    std::size_t last = 0;
    std::vector<std::vector<Slice>> slices;
    std::vector<bool> leaves;
    // The last layer's, if it is divided by columns: its slice is then all rows on the last node.
    std::vector<ColumnSlice> columns;
    std::vector<std::size_t> nodes;  // in the order in which programs are written
  };
  FeedForward(Wiring& wiring, Values& values, Spec spec);
  void run();

 private:
  // Registers of a node in one file, from the layer that first writes them to the last that reads
  // them.
  struct Area {
    std::size_t node = 0;
    Memory memory = Memory::kInitialVrf;
    std::uint32_t vectors = 0;
    std::size_t first = 0, last = 0;  // layers
    std::uint32_t index = 0;
    bool borrowed = true;  // false: where an earlier pass keeps the vector
  };
  // Where a node wants a vector, and which of its rows.
  struct Home {
    std::size_t area = 0;
    std::int64_t offset = 0;  // of the vector's first element, in the area or before it
    RowRange wanted;
  };
  // Where a node keeps the vectors of several tokens, the oldest first. In every round each goes to the
  // place of the one before, and the last place is free for the present one.
  struct Line {
    std::size_t node = 0;
    std::string label;
    std::uint32_t index = 0;
    std::uint32_t vectors = 0;  // of one token
    Taps taps;
  };
  // One layer's rows on a node.
  struct Work {
    Slice slice;
    DenseProgram program;
    std::size_t input = 0;              // area of the input vector
    std::vector<std::size_t> operands;  // by operation: area, if it reads a vector
    std::uint32_t first = 0;            // where in the input's area the chain begins to read
    std::optional<std::uint16_t> out_port, sums_in, sums_out;
    std::optional<Line> gathered = {};  // whose tokens are copied into the area first
  };
  // How a vector that a node does not make comes into its homes.
  struct Arrivals {
    std::vector<Move> moves;
    // Rows that lie in other registers already.
    struct Copy {
      std::uint32_t from = 0;
      std::uint32_t vectors = 0;
      std::vector<Registers> to;
    };
    std::vector<Copy> copies;
  };
  using At = std::pair<LayerInput, std::size_t>;  // a vector on a node

  const DenseLayer& layer(std::size_t index) const {
    return std::get<DenseLayer>(spec_.model.layers[index]);
  }
  bool made_here(const LayerInput& input) const {
    return input.from == LayerInput::From::kLayer && input.index >= spec_.first;
  }
  void place(std::size_t index, const Slice& slice);
  void place_columns();
  struct ColumnsInput {
    std::size_t area = 0;
    std::uint32_t first = 0;  // native vector of the area
  };
  ColumnsInput place_columns_input(std::size_t node, RowRange columns);
  RowRange with_messages(const LayerInput& input, std::size_t node, RowRange wanted) const;
  RowRange wanted_of(const At& at, RowRange rows) const;
  std::size_t place_input(std::size_t index, const Slice& slice);
  std::size_t place_line(std::size_t index, std::size_t node);
  std::size_t home(std::size_t index, const LayerInput& input, std::size_t node, Memory memory,
                   RowRange wanted);
  std::size_t add_area(Area area);
  RowRange whole(const LayerInput& input, std::size_t node);
  std::uint32_t vectors_of(const LayerInput& input, std::size_t node) const;
  std::size_t first_write(std::size_t index, const LayerInput& input, std::size_t node) const;
  void give_registers();
  std::vector<Registers> homes_of(const At& at, RowRange rows, std::size_t node);
  void connect_made(std::size_t index);
  void connect_outside(const LayerInput& input, std::size_t node);
  void emit(std::size_t node);
  void emit_arrivals(const At& at, const std::string& label);
  void emit_lines(std::size_t node);
  void emit_layer(std::size_t index, Work& work);
  void publish();

  Wiring& wiring_;
  Values& values_;
  Spec spec_;
  std::vector<Area> areas_;
  std::map<At, std::vector<Home>> homes_;
  std::map<At, Arrivals> arrivals_;
  std::vector<Line> lines_;
  std::map<std::pair<std::size_t, std::size_t>, Work> work_;  // by layer, node
};

}  // namespace soliton
