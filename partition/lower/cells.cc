#include "partition/lower/cells.h"

#include "partition/lower/lower.h"

namespace soliton {
namespace {

// Gate order of RecurrentWeights.
enum GruGate { kReset, kUpdate, kNew };
enum LstmGate { kInput, kForget, kOutput, kCell };

enum RnnGate { kOnly };

constexpr const char* kGruNames[] = {"r", "z", "n"};
constexpr const char* kLstmNames[] = {"i", "f", "o", "c"};
constexpr const char* kRnnNames[] = {"h"};

// The order in which matrices are stored and the products of the input are issued: GRU r z n, LSTM
// i f c o.
constexpr int kGruOrder[] = {kReset, kUpdate, kNew};
constexpr int kLstmOrder[] = {kInput, kForget, kCell, kOutput};
constexpr int kRnnOrder[] = {kOnly};

const char* gate_name(Cell cell, int gate) {
  if (cell == Cell::kRnn) return kRnnNames[gate];
  return cell == Cell::kGru ? kGruNames[gate] : kLstmNames[gate];
}

// n = tanh(r * (R h + bR) + W x + bW): the two biases of this gate are on different sides of the
// reset and cannot become one constant (docs/bits.md).
bool adds_behind_reset(const RecurrentLayer& layer, int gate) {
  return layer.cell == Cell::kGru && layer.reset_after && gate == kNew;
}

}  // namespace

std::span<const int> gate_order(Cell cell) {
  if (cell == Cell::kRnn) return kRnnOrder;
  return cell == Cell::kGru ? std::span<const int>(kGruOrder) : std::span<const int>(kLstmOrder);
}

GateInput::GateInput(ShardBuilder& builder, const CellSpec& spec, int gate)
    : label_(spec.label + ".x" + gate_name(spec.layer->cell, gate)), input_(spec.input) {
  const RowRange rows{gate * spec.layer->hidden + spec.rows.first, spec.rows.count};
  const std::string name = gate_name(spec.layer->cell, gate);
  matrix_ = builder.matrix({&spec.weights->input, rows, spec.input_parts, spec.label + ".W" + name,
                            spec.layer->in_dram});
  // Both biases in one constant, added up before fp16: one operation and one rounding less.
  std::vector<const Tensor*> sum{&spec.weights->input_bias};
  if (!adds_behind_reset(*spec.layer, gate)) sum.push_back(&spec.weights->recurrent_bias);
  bias_ = builder.constant(spec.label + ".b" + name, Memory::kAddSubVrf0, cut_bias(sum, rows));
}

ChainWriter GateInput::emit(ShardBuilder& builder) const {
  ChainWriter chain = builder.chain(label_, matrix_.rows, matrix_.columns);
  chain.read(input_).product(matrix_).add0(bias_);
  return chain;
}

CellProgram::CellProgram(ShardBuilder& builder, const CellSpec& spec) : b_(builder), spec_(spec) {
  vectors_ = b_.vectors(spec_.rows.count);
  hidden_own_ = spec_.hidden + b_.vectors(spec_.rows.first);
  // All of the hidden state, not only the own rows: every node multiplies all of it.
  b_.zero(Memory::kInitialVrf, spec_.hidden, b_.vectors(layer().hidden), layer().carries_hidden);
  for (const int gate : gate_order(layer().cell)) {
    if (spec_.input_side) inputs_.emplace_back(b_, spec_, gate);
    place_recurrent(gate);
  }
  reserve_temporaries();
  place_initial();
}

// States that do not begin with zeros are constants, copied to where the cell keeps its state.
void CellProgram::place_initial() {
  const Tensor& h = spec_.weights->initial_hidden;
  const Tensor& c = spec_.weights->initial_cell;
  if (!h.shape.empty())
    initial_hidden_ =
        b_.constant(label("h0"), Memory::kInitialVrf, cut_bias({&h}, {0, layer().hidden}));
  if (!c.shape.empty())
    initial_cell_ = b_.constant(label("c0"), Memory::kInitialVrf, cut_bias({&c}, spec_.rows));
}

void CellProgram::emit_cell_state(std::uint16_t port) {
  b_.chain(label("c out"), vectors_).read(cell_initial_).send(port);
}

void CellProgram::emit_initial() {
  // A state that came through a port lies in the registers of the hidden state already.
  if (layer().initial_hidden && needs_reset_gather())
    b_.chain(label("h0 own"), vectors_)
        .read(hidden_own_)
        .write(Memory::kMultiplyVrf, hidden_times_);
  if (initial_hidden_) {
    b_.chain(label("h0"), b_.vectors(layer().hidden))
        .read(*initial_hidden_)
        .write(Memory::kInitialVrf, spec_.hidden);
    // The own rows are read as a factor, too, and a multiplier reads its own register file.
    if (needs_reset_gather())
      b_.chain(label("h0 own"), vectors_)
          .read(*initial_hidden_ + b_.vectors(spec_.rows.first))
          .write(Memory::kMultiplyVrf, hidden_times_);
  }
  if (initial_cell_)
    b_.chain(label("c0"), vectors_).read(*initial_cell_).write(Memory::kMultiplyVrf, cell_);
}

bool CellProgram::keeps_apart(int gate) const { return adds_behind_reset(layer(), gate); }

void CellProgram::place_recurrent(int gate) {
  const RowRange rows{gate * layer().hidden + spec_.rows.first, spec_.rows.count};
  const std::string name = gate_name(layer().cell, gate);
  recurrent_matrix_[gate] = b_.matrix(
      {&spec_.weights->recurrent, rows, {layer().hidden}, label("R") + name, layer().in_dram});
  if (keeps_apart(gate))
    recurrent_bias_ = b_.constant(label("bRn"), Memory::kAddSubVrf0,
                                  cut_bias({&spec_.weights->recurrent_bias}, rows));
  // Of the gate that is kept apart: the adder of the first multifunction unit adds the recurrent
  // bias, which the reset multiplies; W x + b is added in the second unit, which reads the other
  // file (docs/isa.md, "Chains").
  x_[gate] = b_.reserve(keeps_apart(gate) ? Memory::kAddSubVrf1 : Memory::kAddSubVrf0, vectors_);
}

// A register file feeds one kind of operand. So a value that is used in two ways is written to two
// files by the chain that makes it, which costs no time.
void CellProgram::reserve_temporaries() {
  if (layer().cell == Cell::kLstm) return reserve_lstm();
  if (layer().cell == Cell::kGru) reserve_gru();
}

void CellProgram::reserve_lstm() {
  cell_initial_ = b_.reserve(Memory::kInitialVrf, vectors_);
  cell_ = b_.reserve(Memory::kMultiplyVrf, vectors_);
  input_gate_ = b_.reserve(Memory::kMultiplyVrf, vectors_);
  output_gate_ = b_.reserve(Memory::kMultiplyVrf, vectors_);
  forget_cell_ = b_.reserve(Memory::kAddSubVrf1, vectors_);
  if (stepwise()) candidate_ = b_.reserve(Memory::kInitialVrf, vectors_);
  b_.zero(Memory::kMultiplyVrf, cell_, vectors_, layer().carries_cell);
}

void CellProgram::reserve_gru() {
  update_ = b_.reserve(Memory::kMultiplyVrf, vectors_);
  if (layer().reset_after || stepwise()) {
    candidate0_ = b_.reserve(Memory::kAddSubVrf0, vectors_);
    candidate1_ = b_.reserve(Memory::kAddSubVrf1, vectors_);
  }
  if (layer().reset_after) {
    reset_ = b_.reserve(Memory::kMultiplyVrf, vectors_);
    return;
  }
  reset_hidden_ = b_.reserve(Memory::kInitialVrf, b_.vectors(layer().hidden));
  hidden_times_ = b_.reserve(Memory::kMultiplyVrf, vectors_);
  b_.zero(Memory::kMultiplyVrf, hidden_times_, vectors_, layer().carries_hidden);
  if (stepwise()) return;
  // There is no operation with an immediate value: 1 - z needs a register of ones.
  ones_ = b_.constant(label("ones"), Memory::kInitialVrf,
                      std::vector<Half>(static_cast<std::size_t>(spec_.rows.count), to_half(1.0F)));
  one_minus_update_ = b_.reserve(Memory::kMultiplyVrf, vectors_);
  update_add_ = b_.reserve(Memory::kAddSubVrf0, vectors_);
  update_hidden_ = b_.reserve(Memory::kAddSubVrf1, vectors_);
}

void CellProgram::emit_input_side() {
  const std::span<const int> order = gate_order(layer().cell);
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Register to = x(order[i]);
    inputs_[i].emit(b_).write(to.memory, to.index);
  }
}

ChainWriter CellProgram::recurrent(int gate, const char* what, std::uint32_t from) {
  const PlacedMatrix& r = recurrent_matrix_[gate];
  ChainWriter chain = b_.chain(label(what), r.rows, r.columns);
  chain.read(from).product(r);
  return chain;
}

void CellProgram::emit_rnn(const std::vector<std::uint16_t>& ports) {
  recurrent(kOnly, "h", spec_.hidden)
      .add0(x_[kOnly])
      .tanh()
      .write(Memory::kInitialVrf, hidden_own_)
      .send(ports);
}

// The cell's product comes last, because its chain needs the results of the input and the forget
// gate.
void CellProgram::emit_lstm(const std::vector<std::uint16_t>& ports) {
  recurrent(kInput, "i", spec_.hidden)
      .add0(x_[kInput])
      .sigmoid()
      .write(Memory::kMultiplyVrf, input_gate_);
  recurrent(kForget, "f", spec_.hidden)
      .add0(x_[kForget])
      .sigmoid()
      .times(cell_)
      .write(Memory::kAddSubVrf1, forget_cell_);
  recurrent(kOutput, "o", spec_.hidden)
      .add0(x_[kOutput])
      .sigmoid()
      .write(Memory::kMultiplyVrf, output_gate_);
  emit_lstm_cell();
  b_.chain(label("h"), vectors_)
      .read(cell_initial_)
      .tanh()
      .times(output_gate_)
      .write(Memory::kInitialVrf, hidden_own_)
      .send(ports);
}

// Fused and stepwise programs apply the same operations in the same order, so both give the same
// bits.
void CellProgram::emit_lstm_cell() {
  if (stepwise()) {
    recurrent(kCell, "g", spec_.hidden)
        .add0(x_[kCell])
        .tanh()
        .write(Memory::kInitialVrf, candidate_);
    b_.chain(label("c"), vectors_)
        .read(candidate_)
        .times(input_gate_)
        .add1(forget_cell_)
        .write(Memory::kMultiplyVrf, cell_)
        .write(Memory::kInitialVrf, cell_initial_);
    return;
  }
  recurrent(kCell, "c", spec_.hidden)
      .add0(x_[kCell])
      .tanh()
      .times(input_gate_)
      .add1(forget_cell_)
      .write(Memory::kMultiplyVrf, cell_)
      .write(Memory::kInitialVrf, cell_initial_);
}

// With the reset after the product no second gather is needed: r multiplies the node's own rows of
// the product.
void CellProgram::emit_reset_after(const std::vector<std::uint16_t>& ports) {
  recurrent(kReset, "r", spec_.hidden)
      .add0(x_[kReset])
      .sigmoid()
      .write(Memory::kMultiplyVrf, reset_);
  recurrent(kUpdate, "z", spec_.hidden)
      .add0(x_[kUpdate])
      .sigmoid()
      .write(Memory::kMultiplyVrf, update_);
  recurrent(kNew, "n", spec_.hidden)
      .add0(recurrent_bias_)
      .times(reset_)
      .add1(x_[kNew])
      .tanh()
      .write(Memory::kAddSubVrf0, candidate0_)
      .write(Memory::kAddSubVrf1, candidate1_);
  blend().send(ports);
}

// h' = n + z (h - n). The candidate n is an operand of a subtraction and of an addition, in
// different units, so it lies in both AddSubVrf.
ChainWriter CellProgram::blend() {
  ChainWriter chain = b_.chain(label("h"), vectors_);
  chain.read(hidden_own_)
      .minus0(candidate0_)
      .times(update_)
      .add1(candidate1_)
      .write(Memory::kInitialVrf, hidden_own_);
  return chain;
}

// The reset gate times the node's own slice of h. The other slices of r*h come from the other
// nodes, so this chain goes as early as the cell program allows.
void CellProgram::emit_reset() {
  recurrent(kReset, "r", spec_.hidden)
      .add0(x_[kReset])
      .sigmoid()
      .times(hidden_times_)
      .write(Memory::kInitialVrf, reset_hidden_ + b_.vectors(spec_.rows.first))
      .send(reset_ports_);
}

// In the fused program the chains that need only z run while r*h is gathered.
void CellProgram::emit_reset_gates() {
  if (stepwise()) {
    recurrent(kUpdate, "z", spec_.hidden)
        .add0(x_[kUpdate])
        .sigmoid()
        .write(Memory::kMultiplyVrf, update_);
    return emit_reset();
  }
  emit_reset();
  recurrent(kUpdate, "z", spec_.hidden)
      .add0(x_[kUpdate])
      .sigmoid()
      .write(Memory::kMultiplyVrf, update_)
      .write(Memory::kAddSubVrf0, update_add_);
  b_.chain(label("zh"), vectors_)
      .read(hidden_own_)
      .times(update_)
      .write(Memory::kAddSubVrf1, update_hidden_);
  b_.chain(label("1-z"), vectors_)
      .read(ones_)
      .minus0(update_add_)
      .write(Memory::kMultiplyVrf, one_minus_update_);
}

// Fused, h' = n (1 - z) + z h follows the product in the same chain; stepwise it is the blend. The
// two round differently (docs/bits.md), so devices of both kinds never share a model (lower()).
void CellProgram::emit_reset_candidate(const std::vector<std::uint16_t>& ports) {
  if (stepwise()) {
    recurrent(kNew, "n", reset_hidden_)
        .add0(x_[kNew])
        .tanh()
        .write(Memory::kAddSubVrf0, candidate0_)
        .write(Memory::kAddSubVrf1, candidate1_);
    blend().write(Memory::kMultiplyVrf, hidden_times_).send(ports);
    return;
  }
  recurrent(kNew, "h", reset_hidden_)
      .add0(x_[kNew])
      .tanh()
      .times(one_minus_update_)
      .add1(update_hidden_)
      .write(Memory::kInitialVrf, hidden_own_)
      .write(Memory::kMultiplyVrf, hidden_times_)
      .send(ports);
}

}  // namespace soliton
