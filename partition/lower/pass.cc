#include "partition/lower/pass.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {
namespace {

bool is_recurrent(const PassLayer& layer) {
  return std::holds_alternative<RecurrentLayer>(*layer.layer);
}

template <typename Key, typename Value>
const Value* find(const std::map<Key, Value>& map, const Key& key) {
  const auto it = map.find(key);
  return it == map.end() ? nullptr : &it->second;
}

}  // namespace

Pass::Pass(Wiring& wiring, PassSpec spec)
    : wiring_(wiring), spec_(std::move(spec)), layers_(spec_.layers.size()) {
  for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
    if (is_recurrent(spec_.layers[layer])) {
      build_recurrent(layer);
    } else {
      build_dense(layer);
    }
  }
  build_output(layers_.size() - 1);
}

std::set<std::size_t> Pass::readers(std::size_t layer) const {
  return is_last(layer) ? spec_.output.readers : nodes_of(spec_.layers[layer + 1].slices);
}

std::uint32_t Pass::input_region(std::size_t layer, std::size_t node) const {
  return layer == 0 ? spec_.feeds.at(node).region : layers_[layer - 1].region.at(node);
}

std::uint32_t Pass::reserve_region(std::size_t layer, std::size_t node) {
  ShardBuilder& builder = wiring_.at(node);
  return builder.reserve(Memory::kInitialVrf,
                         builder.vectors(output_rows(*spec_.layers[layer].layer)));
}

// Every node keeps the whole hidden state, since its rows of the recurrent matrices multiply all of
// it. Where other nodes hold the input side, the cell reads W x + b from registers that these fill.
void Pass::build_recurrent(std::size_t index) {
  const PassLayer& layer = spec_.layers[index];
  const auto& recurrent = std::get<RecurrentLayer>(*layer.layer);
  Work& work = layers_[index];
  for (const Slice& slice : layer.slices) {
    const std::uint32_t hidden = reserve_region(index, slice.node);
    work.region[slice.node] = hidden;
    const bool received = index == 0 && !spec_.input_slices.empty();
    work.cells.emplace(slice.node, CellProgram(wiring_.at(slice.node),
                                               {&recurrent, &recurrent.directions[layer.direction],
                                                layer.label, slice.rows, layer.input_parts,
                                                received ? 0 : input_region(index, slice.node),
                                                hidden, !received}));
    build_initial(index, slice);
  }
  if (index == 0)
    for (const Slice& sender : spec_.input_slices) build_input_side(sender);
  if (layer.slices.size() > 1) build_gather(index);
}

// Every node wants all of the hidden state, but of the cell state only its own rows.
void Pass::build_initial(std::size_t index, const Slice& slice) {
  const PassLayer& layer = spec_.layers[index];
  const auto& recurrent = std::get<RecurrentLayer>(*layer.layer);
  const CellProgram& cell = layers_[index].cells.at(slice.node);
  const ShardBuilder& builder = wiring_.at(slice.node);
  std::vector<Move>& moves = layers_[index].initial_moves[slice.node];
  const std::int64_t offset = static_cast<std::int64_t>(layer.direction) * recurrent.hidden;
  if (recurrent.initial_hidden) {
    const std::uint16_t port = wiring_.open_source(
        recurrent.initial_hidden->index, offset, recurrent.hidden, slice.node, layer.label + ".h0");
    moves.push_back({port, cell.spec().hidden, builder.vectors(recurrent.hidden), {}});
  }
  if (recurrent.initial_cell) {
    const std::uint16_t port =
        wiring_.open_source(recurrent.initial_cell->index, offset + slice.rows.first,
                            slice.rows.count, slice.node, layer.label + ".c0");
    moves.push_back(
        {port, cell.cell_state(), builder.vectors(slice.rows.count), {}, Memory::kMultiplyVrf});
  }
}

// Slices of the two sides begin at different rows: what falls into one of each is a matrix, a chain
// and a message of its own.
void Pass::build_input_side(const Slice& sender) {
  const PassLayer& layer = spec_.layers[0];
  const auto& recurrent = std::get<RecurrentLayer>(*layer.layer);
  for (const Slice& receiver : layer.slices) {
    const std::int64_t first = std::max(sender.rows.first, receiver.rows.first);
    const std::int64_t end =
        std::min(sender.rows.first + sender.rows.count, receiver.rows.first + receiver.rows.count);
    if (first >= end) continue;
    CellSpec spec = layers_[0].cells.at(receiver.node).spec();
    spec.rows = {first, end - first};
    spec.input = input_region(0, sender.node);
    ShardBuilder& reader = wiring_.at(receiver.node);
    for (const int gate : gate_order(recurrent.cell)) {
      GateInput input(wiring_.at(sender.node), spec, gate);
      const Wiring::Line line =
          wiring_.open_line(sender.node, receiver.node, input.label(), spec.rows.count);
      const CellProgram::Register to = layers_[0].cells.at(receiver.node).x(gate);
      received_inputs_[receiver.node].push_back(
          {line.in_port,
           to.index + reader.vectors(first - receiver.rows.first),
           reader.vectors(spec.rows.count),
           {},
           to.memory});
      sent_inputs_[sender.node].push_back({std::move(input), line.out_port});
    }
  }
}

// Every node sends to the node behind it first, so that the slices of one step do not all meet in
// front of the same receiver.
void Pass::exchange(std::size_t index, const std::string& what, const std::set<std::size_t>& to,
                    const std::map<std::size_t, std::uint32_t>& base,
                    std::map<std::size_t, std::uint16_t>& ports,
                    std::map<std::size_t, std::vector<Move>>& moves) {
  const PassLayer& layer = spec_.layers[index];
  for (std::size_t i = 0; i < layer.slices.size(); ++i) {
    const Slice& slice = layer.slices[i];
    ShardBuilder& sender = wiring_.at(slice.node);
    const std::string name = layer.label + "." + what;
    const bool alone = to.empty() || (to.size() == 1 && *to.begin() == slice.node);
    if (alone) continue;
    const std::uint16_t out = sender.out_port(name, slice.rows.count, i);
    ports[slice.node] = out;
    for (const std::size_t node : to) {
      if (node == slice.node) continue;
      ShardBuilder& reader = wiring_.at(node);
      const std::uint16_t in = reader.in_port(name + " from " + sender.node(), slice.rows.count);
      sender.connect(out, reader.node(), in);
      moves[node].push_back({in,
                             base.at(node) + reader.vectors(slice.rows.first),
                             reader.vectors(slice.rows.count),
                             {}});
    }
  }
}

// A GRU whose reset comes before the product has two all-gathers in each step: r*h, which the
// candidate multiplies, and then h.
void Pass::build_gather(std::size_t index) {
  const PassLayer& layer = spec_.layers[index];
  Work& work = layers_[index];
  const std::set<std::size_t> all = nodes_of(layer.slices);
  if (work.cells.begin()->second.needs_reset_gather()) {
    std::map<std::size_t, std::uint32_t> base;
    for (const auto& [node, cell] : work.cells) base[node] = cell.reset_hidden();
    std::map<std::size_t, std::uint16_t> ports;
    exchange(index, "rh", all, base, ports, work.reset_moves);
    for (const auto& [node, port] : ports) work.cells.at(node).set_reset_port(port);
  }
  std::map<std::size_t, std::uint16_t> gather;
  exchange(index, "h", all, work.region, gather, work.moves);
  for (const auto& [node, port] : gather) work.ports[node].push_back(port);
  build_last_handoff(index, gather);
}

// After the last step only those who go on working with the state need the others' slices of it:
// all nodes when the next request begins with it.
void Pass::build_last_handoff(std::size_t index,
                              const std::map<std::size_t, std::uint16_t>& gather) {
  const PassLayer& layer = spec_.layers[index];
  Work& work = layers_[index];
  const std::set<std::size_t> to = readers(index);
  const bool carried = std::get<RecurrentLayer>(*layer.layer).carries_hidden;
  if (carried || to == nodes_of(layer.slices)) {
    for (const auto& [node, port] : gather) work.last_ports[node].push_back(port);
    work.last_moves = work.moves;
    return;
  }
  std::map<std::size_t, std::uint16_t> ports;
  exchange(index, "h at the end", to, work.region, ports, work.last_moves);
  for (const auto& [node, port] : ports) work.last_ports[node].push_back(port);
}

// The result of a dense layer goes to the nodes of the next layer at every step. If it is the last
// layer, its readers get the result of the last step, and build_output() adds what leaves the pass.
void Pass::build_dense(std::size_t index) {
  const PassLayer& layer = spec_.layers[index];
  const auto& dense = std::get<DenseLayer>(*layer.layer);
  Work& work = layers_[index];
  for (const Slice& slice : layer.slices) {
    work.dense.emplace(slice.node, DenseProgram(wiring_.at(slice.node), dense, layer.label,
                                                slice.rows, layer.input_parts));
  }
  const std::set<std::size_t> to = readers(index);
  for (const std::size_t node : to) work.region[node] = reserve_region(index, node);
  std::map<std::size_t, std::uint16_t> ports;
  exchange(index, "y", to, work.region, ports, work.last_moves);
  for (const auto& [node, port] : ports) work.last_ports[node].push_back(port);
  if (is_last(index)) return;
  work.ports = work.last_ports;
  work.moves = work.last_moves;
}

void Pass::build_output(std::size_t index) {
  const PassLayer& layer = spec_.layers[index];
  Work& work = layers_[index];
  if (spec_.output.cell_leaves)
    for (const Slice& slice : layer.slices)
      work.cell_port[slice.node] =
          wiring_.at(slice.node).out_port(layer.label + ".c out", slice.rows.count);
  if (!spec_.output.leaves) return;
  for (std::size_t i = 0; i < layer.slices.size(); ++i) {
    const Slice& slice = layer.slices[i];
    const std::uint16_t port =
        wiring_.at(slice.node).out_port(layer.label + " out", slice.rows.count, i);
    work.out_port[slice.node] = port;
    if (spec_.output.sequence) work.ports[slice.node].push_back(port);
    work.last_ports[slice.node].push_back(port);
    if (spec_.output.last_leaves)
      work.last_ports[slice.node].push_back(
          work.last_port[slice.node] =
              wiring_.at(slice.node).out_port(layer.label + " last", slice.rows.count, i));
  }
}

Part Pass::last_part() const {
  return spec_.output.last_leaves ? part(layers_.back().last_port, false) : part();
}

Part Pass::part(const std::map<std::size_t, std::uint16_t>& ports, bool reverse) const {
  const PassLayer& layer = spec_.layers.back();
  Part part{output_rows(*layer.layer), reverse, {}, spec_.output.readers};
  for (const Slice& slice : layer.slices) {
    const std::uint16_t* port = find(ports, slice.node);
    part.producers.push_back(
        {slice.node, slice.rows.count, port == nullptr ? std::uint16_t{0} : *port});
  }
  return part;
}

// Where inputs are scattered, slices are passed on two steps ahead, so those chains run twice
// before the prologue, or once for a request of one step. For the same reason the body runs steps -
// 2 times as a whole and once more without the chains that pass on, as no slice is left for them by
// then. The limits of the segments (Segment::most) make short requests right, too.
void Pass::emit(std::size_t node) {
  if (sent_inputs_.count(node) > 0) return emit_input_side(node);
  ShardBuilder& builder = wiring_.at(node);
  const ChainRange first = emit_ahead(node);
  if (passes_on(node)) {
    builder.add_segment({first.begin, first.end, 1, 0});
    builder.add_segment({first.begin, first.end, -1, 1, 1});
  }
  emit_initial(node);
  emit_input(node);
  builder.end_segment(1, 0);
  const std::uint32_t begin = builder.chains();
  const ChainRange within = emit_step(node, true, false);
  if (passes_on(node)) {
    builder.add_segment({begin, builder.chains(), -2, 1});
    builder.add_segment({begin, within.begin, -1, 1, 1});
    builder.add_segment({within.end, builder.chains(), -1, 1, 1});
  } else {
    builder.end_segment(spec_.rounds.fixed - 1, spec_.rounds.per_step);
  }
  emit_step(node, false, true);
  emit_cell_state(node);
  builder.end_segment(1, 0);
}

void Pass::emit_initial(std::size_t node) {
  for (std::size_t index = 0; index < layers_.size(); ++index) {
    const auto cell = layers_[index].cells.find(node);
    if (cell == layers_[index].cells.end()) continue;
    wiring_.emit(node, spec_.layers[index].label + ".initial", layers_[index].initial_moves[node]);
    cell->second.emit_initial();
  }
}

void Pass::emit_cell_state(std::size_t node) {
  const std::uint16_t* port = find(layers_.back().cell_port, node);
  if (port != nullptr) layers_.back().cells.at(node).emit_cell_state(*port);
}

// An input side depends on nothing but the input, so it has no pipeline of its own: each step is
// the products and their messages. If the input is scattered, each step but the last begins by
// passing on the slice of the step after it.
void Pass::emit_input_side(std::size_t node) {
  ShardBuilder& builder = wiring_.at(node);
  const bool scattered = !spec_.feeds.at(node).ahead.empty();
  const auto emit_gates = [&] {
    emit_input(node);
    for (const SentInput& sent : sent_inputs_.at(node)) sent.gate.emit(builder).send(sent.out_port);
  };
  if (scattered) {
    emit_ahead(node);
    builder.end_segment(1, 0);
    emit_ahead(node);
  }
  emit_gates();
  builder.end_segment(spec_.rounds.fixed - (scattered ? 1 : 0), spec_.rounds.per_step);
  if (!scattered) return;
  emit_gates();
  builder.end_segment(1, 0);
}

Pass::ChainRange Pass::emit_ahead(std::size_t node) {
  ShardBuilder& builder = wiring_.at(node);
  ChainRange chains{builder.chains(), 0};
  const Feed* feed = find(spec_.feeds, node);
  if (feed != nullptr) wiring_.emit(node, spec_.input_label + " ahead", feed->ahead);
  chains.end = builder.chains();
  return chains;
}

void Pass::emit_input(std::size_t node) {
  if (const std::vector<Move>* received = find(received_inputs_, node))
    return wiring_.emit(node, spec_.input_label, *received);
  const Feed* feed = find(spec_.feeds, node);
  if (feed == nullptr) return;
  wiring_.emit(node, spec_.input_label, feed->moves);
  const auto cell = layers_[0].cells.find(node);
  if (cell != layers_[0].cells.end()) cell->second.emit_input_side();
}

// One step of all layers. The input of the next step is read as early as its place in the program
// cannot delay this step (PassSpec::early_input): chains are issued in order, so a read that waits
// holds up everything behind it. For the same reason the slice that is passed on leaves right after
// the first message of the gather has arrived and not after the last one.
Pass::ChainRange Pass::emit_step(std::size_t node, bool next, bool last) {
  ChainRange ahead;
  for (std::size_t index = 0; index < layers_.size(); ++index) {
    Work& work = layers_[index];
    const std::string& label = spec_.layers[index].label;
    const auto cell = work.cells.find(node);
    if (cell != work.cells.end()) {
      if (index > 0) cell->second.emit_input_side();
      cell->second.emit_recurrence((last ? work.last_ports : work.ports)[node], [&] {
        wiring_.emit(node, label + ".rh gather", work.reset_moves[node]);
      });
    }
    emit_dense(index, node, last);
    if (index == 0 && next && spec_.early_input) emit_input(node);
    std::vector<Move> moves = (last ? work.last_moves : work.moves)[node];
    if (index == 0 && next && passes_on(node)) {
      if (!moves.empty()) {
        const auto first = moves.begin() + soonest(node);
        wiring_.emit(node, label + ".gather", {*first});
        moves.erase(first);
      }
      ahead = emit_ahead(node);
    }
    wiring_.emit(node, label + ".gather", moves);
  }
  if (next && !spec_.early_input) emit_input(node);
  return ahead;
}

bool Pass::passes_on(std::size_t node) const {
  const Feed* feed = find(spec_.feeds, node);
  return feed != nullptr && !feed->ahead.empty();
}

// Every node sends to the node behind it first (exchange()), so the slice of the node before this
// one is the first to arrive.
std::ptrdiff_t Pass::soonest(std::size_t node) const {
  const std::vector<Slice>& slices = spec_.layers[0].slices;
  const auto own = std::ranges::find(slices, node, &Slice::node) - slices.begin();
  const auto count = static_cast<std::ptrdiff_t>(slices.size());
  if (own == count || count < 2) return 0;
  return own == 0 ? count - 2 : own - 1;
}

// Before the last step, the output of the last layer is computed only if it leaves the pass.
void Pass::emit_dense(std::size_t index, std::size_t node, bool last) {
  Work& work = layers_[index];
  const auto dense = work.dense.find(node);
  if (dense == work.dense.end()) return;
  const PassLayer& layer = spec_.layers[index];
  const std::vector<std::uint16_t>& ports = (last ? work.last_ports : work.ports)[node];
  const std::uint32_t* region = last || !is_last(index) ? find(work.region, node) : nullptr;
  if (region == nullptr && ports.empty()) return;
  ShardBuilder& builder = wiring_.at(node);
  ChainWriter chain = dense->second.emit(builder, layer.label, input_region(index, node));
  if (region != nullptr) {
    const auto own = std::ranges::find(layer.slices, node, &Slice::node);
    chain.write(Memory::kInitialVrf, *region + builder.vectors(own->rows.first));
  }
  chain.send(ports);
}

}  // namespace soliton
