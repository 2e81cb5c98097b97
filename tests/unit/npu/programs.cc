#include "tests/unit/npu/programs.h"

#include "protocol/base/check.h"

namespace soliton::testing {

NpuDevice bw_s10() {
  NpuDevice device;
  device.name = "bw-s10";
  device.clock = {250'000'000};
  device.tile_engines = 6;
  device.lanes = 40;
  device.native_dim = 400;
  device.formats = {{NumberFormat{"ms-fp8"}, 10}};
  return device;
}

NpuDevice small_device() {
  NpuDevice device;
  device.name = "small";
  device.clock = {300'000'000};
  device.tile_engines = 3;
  device.lanes = 4;
  device.native_dim = 16;
  device.timing.dispatch_cycles = 5;
  device.timing.depth_cycles = 31;
  device.timing.vector_cycles = 17;
  device.timing.request_cycles = 40;
  return device;
}

NumberFormat msfp16_block8() {
  NumberFormat format;
  format.name = "test";
  format.mantissa_bits = 7;
  format.block = 8;
  format.scale_bits = 8;
  return format;
}

ShardBuilder::ShardBuilder(NpuDevice device, NumberFormat format, std::int64_t beats_per_tile) {
  shard.node = "fpga0";
  shard.device = std::move(device);
  shard.format = std::move(format);
  shard.beats_per_tile = beats_per_tile;
}

std::uint32_t ShardBuilder::vectors(std::size_t elements) const {
  const auto n = static_cast<std::size_t>(shard.device.native_dim);
  return static_cast<std::uint32_t>((elements + n - 1) / n);
}

std::uint32_t ShardBuilder::reserve(Memory memory, std::size_t elements) {
  std::uint32_t& next = next_vector_[static_cast<std::size_t>(memory)];
  const std::uint32_t first = next;
  next += vectors(elements);
  return first;
}

std::uint32_t ShardBuilder::constant(Memory memory, const std::vector<Half>& values) {
  const std::uint32_t first = reserve(memory, values.size());
  shard.vectors.push_back({"constant", memory, first, values});
  return first;
}

void ShardBuilder::zero(Memory memory, std::uint32_t first, std::size_t elements) {
  shard.zeroed.push_back({memory, first, vectors(elements)});
}

std::uint32_t ShardBuilder::matrix(const std::string& name, int rows, int columns,
                                   const std::vector<float>& weights) {
  ShardMatrix matrix;
  matrix.name = name;
  matrix.tile_address = next_tile_;
  matrix.tile_rows = vectors(static_cast<std::size_t>(rows));
  matrix.tile_columns = vectors(static_cast<std::size_t>(columns));
  matrix.weights.rows = rows;
  matrix.weights.columns = columns;
  if (!weights.empty()) {
    auto quantised =
        quantise_matrix(weights, rows, columns, shard.format, shard.device.native_dim, name);
    SOLITON_CHECK(quantised.has_value());
    matrix.weights = *std::move(quantised);
  }
  next_tile_ += matrix.tile_rows * matrix.tile_columns;
  shard.matrices.push_back(std::move(matrix));
  return shard.matrices.back().tile_address;
}

std::uint16_t ShardBuilder::in_port(const std::string& name, std::size_t elements, bool reversed) {
  shard.in_ports.push_back({name, static_cast<std::uint32_t>(elements), reversed});
  return static_cast<std::uint16_t>(shard.in_ports.size() - 1);
}

std::uint16_t ShardBuilder::out_port(const std::string& name, std::size_t elements) {
  shard.out_ports.push_back({name, static_cast<std::uint32_t>(elements), {}});
  return static_cast<std::uint16_t>(shard.out_ports.size() - 1);
}

void ShardBuilder::chain(const std::string& label, std::size_t rows, std::size_t columns,
                         std::vector<Instruction> instructions) {
  shard.program.chains.push_back({label, vectors(rows), vectors(columns), std::move(instructions)});
}

void ShardBuilder::segment(std::int32_t fixed, std::int32_t per_step) {
  const std::uint32_t first =
      shard.program.segments.empty() ? 0 : shard.program.segments.back().last;
  shard.program.segments.push_back(
      {first, static_cast<std::uint32_t>(shard.program.chains.size()), fixed, per_step});
}

namespace {

constexpr Memory kInitial = Memory::kInitialVrf;
constexpr Memory kAdd0 = Memory::kAddSubVrf0;
constexpr Memory kAdd1 = Memory::kAddSubVrf1;
constexpr Memory kMul = Memory::kMultiplyVrf;
constexpr Half kOne = 0x3c00;

class CellBuilder {
 public:
  CellBuilder(const NpuDevice& device, const NumberFormat& format, std::int64_t beats,
              const CellSpec& spec)
      : b_(device, format, beats),
        spec_(spec),
        own_(static_cast<std::size_t>(spec.own())),
        hidden_(static_cast<std::size_t>(spec.hidden)),
        gates_(spec.cell == Cell::kLstm ? 4 : 3) {}

  Shard build() {
    allocate();
    input_side();
    b_.segment(1, 0);
    recurrent(false);
    input_side();
    if (spec_.split()) receive("h", h_);
    b_.segment(-1, 1);
    recurrent(true);
    b_.segment(1, 0);
    return std::move(b_.shard);
  }

 private:
  void allocate() {
    b_.in_port("x", static_cast<std::size_t>(spec_.input));
    b_.out_port("h", own_);
    if (spec_.split()) {
      b_.in_port("h from peer", hidden_ - own_);
      b_.out_port("h to peer", own_);
    }
    x_ = b_.reserve(kInitial, static_cast<std::size_t>(spec_.input));
    h_ = b_.reserve(kInitial, hidden_);
    b_.zero(kInitial, h_, hidden_);
    own_h_ = h_ + b_.vectors(static_cast<std::size_t>(spec_.first));
    for (int gate = 0; gate < gates_; ++gate) {
      const std::string name(1, "ifocrzh"[gate + (gates_ == 4 ? 0 : 4)]);
      w_.push_back(b_.matrix("W" + name, spec_.own(), spec_.input, slice(true, gate)));
      r_.push_back(b_.matrix("R" + name, spec_.own(), spec_.hidden, slice(false, gate)));
      const std::vector<Half> bias =
          spec_.weights ? spec_.weights->bias[index(gate)] : std::vector<Half>{};
      bias_.push_back(b_.constant(kAdd0, slice(bias)));
      const bool second_unit = spec_.cell == Cell::kGruResetAfter && gate == 2;
      x_gate_memory_.push_back(second_unit ? kAdd1 : kAdd0);
      x_gate_.push_back(b_.reserve(x_gate_memory_.back(), own_));
    }
    if (spec_.cell == Cell::kLstm) allocate_lstm();
    if (spec_.cell == Cell::kGruResetBefore) allocate_gru_before();
    if (spec_.cell == Cell::kGruResetAfter) allocate_gru_after();
  }

  void allocate_lstm() {
    c_initial_ = b_.reserve(kInitial, own_);
    c_mul_ = b_.reserve(kMul, own_);
    b_.zero(kMul, c_mul_, own_);
    i_ = b_.reserve(kMul, own_);
    o_ = b_.reserve(kMul, own_);
    fc_ = b_.reserve(kAdd1, own_);
  }

  void allocate_gru_before() {
    if (spec_.split()) {
      b_.in_port("rh from peer", hidden_ - own_);
      b_.out_port("rh to peer", own_);
    }
    rh_ = b_.reserve(kInitial, hidden_);
    ones_ = b_.constant(kInitial, std::vector<Half>(own_, kOne));
    h_mul_ = b_.reserve(kMul, own_);
    b_.zero(kMul, h_mul_, own_);
    z_mul_ = b_.reserve(kMul, own_);
    one_minus_z_ = b_.reserve(kMul, own_);
    z_add_ = b_.reserve(kAdd0, own_);
    zh_ = b_.reserve(kAdd1, own_);
  }

  void allocate_gru_after() {
    recurrent_bias_ = b_.constant(
        kAdd0, slice(spec_.weights ? spec_.weights->recurrent_bias : std::vector<Half>{}));
    r_mul_ = b_.reserve(kMul, own_);
    z_mul_ = b_.reserve(kMul, own_);
    n_add_0_ = b_.reserve(kAdd0, own_);
    n_add_1_ = b_.reserve(kAdd1, own_);
  }

  void input_side() {
    const auto width = static_cast<std::size_t>(spec_.input);
    b_.chain("input", width, width, {v_rd(Memory::kNetQ, 0), v_wr(kInitial, x_)});
    for (std::size_t gate = 0; gate < w_.size(); ++gate) {
      b_.chain(std::to_string(gate) + " of x", own_, width,
               {v_rd(kInitial, x_), mv_mul(w_[gate]), add_0(bias_[gate]),
                v_wr(x_gate_memory_[gate], x_gate_[gate])});
    }
  }

  void recurrent(bool last_step) {
    if (spec_.cell == Cell::kLstm) lstm(last_step);
    if (spec_.cell == Cell::kGruResetBefore) gru_before(last_step);
    if (spec_.cell == Cell::kGruResetAfter) gru_after(last_step);
  }

  // From h or r*h through a recurrent product.
  void product(const std::string& label, std::uint32_t from, std::size_t gate,
               std::vector<Instruction> rest) {
    rest.insert(rest.begin(), {v_rd(kInitial, from), mv_mul(r_[gate])});
    b_.chain(label, own_, hidden_, std::move(rest));
  }

  std::vector<Instruction> with_h_writes(std::vector<Instruction> chain, bool last_step) const {
    chain.insert(chain.end(), {v_wr(kInitial, own_h_), v_wr(Memory::kNetQ, 0)});
    // After the last step nobody reads the peer's h.
    if (spec_.split() && !last_step) chain.push_back(v_wr(Memory::kNetQ, 1));
    return chain;
  }

  void receive(const std::string& what, std::uint32_t base) {
    const std::uint32_t port = what == "h" ? 1 : 2;
    const std::uint32_t to = spec_.first == 0 ? base + b_.vectors(own_) : base;
    b_.chain(what + " from peer", hidden_ - own_, hidden_ - own_,
             {v_rd(Memory::kNetQ, port), v_wr(kInitial, to)});
  }

  void lstm(bool last_step) {
    const Instruction sigm = operation(Opcode::kVSigm);
    const Instruction tanh = operation(Opcode::kVTanh);
    product("i", h_, 0, {add_0(x_gate_[0]), sigm, v_wr(kMul, i_)});
    product("f", h_, 1, {add_0(x_gate_[1]), sigm, mul(c_mul_), v_wr(kAdd1, fc_)});
    product("o", h_, 2, {add_0(x_gate_[2]), sigm, v_wr(kMul, o_)});
    product("c", h_, 3,
            {add_0(x_gate_[3]), tanh, mul(i_), add_1(fc_), v_wr(kMul, c_mul_),
             v_wr(kInitial, c_initial_)});
    b_.chain("h", own_, own_,
             with_h_writes({v_rd(kInitial, c_initial_), tanh, mul(o_)}, last_step));
  }

  void gru_before(bool last_step) {
    const Instruction sigm = operation(Opcode::kVSigm);
    std::vector<Instruction> r{add_0(x_gate_[0]), sigm, mul(h_mul_),
                               v_wr(kInitial, rh_ + (own_h_ - h_))};
    if (spec_.split()) r.push_back(v_wr(Memory::kNetQ, 2));
    product("r", h_, 0, r);
    product("z", h_, 1, {add_0(x_gate_[1]), sigm, v_wr(kMul, z_mul_), v_wr(kAdd0, z_add_)});
    b_.chain("zh", own_, own_, {v_rd(kInitial, own_h_), mul(z_mul_), v_wr(kAdd1, zh_)});
    b_.chain("1-z", own_, own_,
             {v_rd(kInitial, ones_), operation(Opcode::kVvASubB, kAdd0, z_add_),
              v_wr(kMul, one_minus_z_)});
    if (spec_.split()) receive("rh", rh_);
    std::vector<Instruction> h = with_h_writes({add_0(x_gate_[2]), operation(Opcode::kVTanh),
                                                mul(one_minus_z_), add_1(zh_), v_wr(kMul, h_mul_)},
                                               last_step);
    product("h", rh_, 2, std::move(h));
  }

  void gru_after(bool last_step) {
    const Instruction sigm = operation(Opcode::kVSigm);
    product("r", h_, 0, {add_0(x_gate_[0]), sigm, v_wr(kMul, r_mul_)});
    product("z", h_, 1, {add_0(x_gate_[1]), sigm, v_wr(kMul, z_mul_)});
    product("n", h_, 2,
            {add_0(recurrent_bias_), mul(r_mul_), add_1(x_gate_[2]), operation(Opcode::kVTanh),
             v_wr(kAdd0, n_add_0_), v_wr(kAdd1, n_add_1_)});
    b_.chain("h", own_, own_,
             with_h_writes({v_rd(kInitial, own_h_), operation(Opcode::kVvASubB, kAdd0, n_add_0_),
                            mul(z_mul_), add_1(n_add_1_)},
                           last_step));
  }

  static std::size_t index(int gate) { return static_cast<std::size_t>(gate); }

  std::vector<float> slice(bool of_input, int gate) const {
    if (spec_.weights == nullptr) return {};
    const std::vector<float>& all =
        (of_input ? spec_.weights->input : spec_.weights->recurrent)[index(gate)];
    const std::ptrdiff_t columns = of_input ? spec_.input : spec_.hidden;
    return {all.begin() + spec_.first * columns, all.begin() + spec_.last * columns};
  }
  std::vector<Half> slice(const std::vector<Half>& all) const {
    if (all.empty()) return std::vector<Half>(own_);
    return {all.begin() + spec_.first, all.begin() + spec_.last};
  }

  ShardBuilder b_;
  const CellSpec& spec_;
  std::size_t own_;
  std::size_t hidden_;
  int gates_;
  std::uint32_t x_ = 0, h_ = 0, own_h_ = 0;
  std::vector<std::uint32_t> w_, r_, bias_, x_gate_;
  std::vector<Memory> x_gate_memory_;
  std::uint32_t c_initial_ = 0, c_mul_ = 0, i_ = 0, o_ = 0, fc_ = 0;
  std::uint32_t rh_ = 0, ones_ = 0, h_mul_ = 0, z_mul_ = 0, one_minus_z_ = 0, z_add_ = 0, zh_ = 0;
  std::uint32_t recurrent_bias_ = 0, r_mul_ = 0, n_add_0_ = 0, n_add_1_ = 0;
};

}  // namespace

Shard cell_shard(const NpuDevice& device, const NumberFormat& format, std::int64_t beats_per_tile,
                 const CellSpec& spec) {
  return CellBuilder(device, format, beats_per_tile, spec).build();
}

Shard from_dram(Shard shard, std::uint32_t window, BitRate rate) {
  shard.device.dram = {std::int64_t{4} << 30};
  shard.device.dram_rate = rate;
  shard.window_tiles = window;
  for (ShardMatrix& matrix : shard.matrices) matrix.memory = Memory::kDram;
  for (Chain& chain : shard.program.chains)
    for (Instruction& instruction : chain.instructions)
      if (instruction.opcode == Opcode::kMvMul) instruction.memory = Memory::kDram;
  return shard;
}

}  // namespace soliton::testing
