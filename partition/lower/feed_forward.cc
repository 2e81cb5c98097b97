#include "partition/lower/feed_forward.h"

#include <algorithm>
#include <utility>

namespace soliton {
namespace {

bool overlap(RowRange a, RowRange b) {
  return a.first < b.first + b.count && b.first < a.first + a.count;
}

RowRange both(RowRange a, RowRange b) {
  const std::int64_t first = std::min(a.first, b.first);
  return {first, std::max(a.first + a.count, b.first + b.count) - first};
}

}  // namespace

FeedForward::FeedForward(Wiring& wiring, Values& values, Spec spec)
    : wiring_(wiring), values_(values), spec_(std::move(spec)) {}

void FeedForward::run() {
  const std::size_t rows_end = spec_.last - (spec_.columns.empty() ? 0 : 1);
  for (std::size_t index = spec_.first; index < rows_end; ++index)
    for (const Slice& slice : spec_.slices[index - spec_.first]) place(index, slice);
  if (!spec_.columns.empty()) place_columns();
  give_registers();
  std::vector<At> outside;
  for (const auto& [at, homes] : homes_)
    if (!made_here(at.first)) outside.push_back(at);
  for (const auto& [input, node] : outside) connect_outside(input, node);
  for (std::size_t index = spec_.first; index < spec_.last; ++index) connect_made(index);
  for (const std::size_t node : spec_.nodes) emit(node);
  publish();
}

void FeedForward::place(std::size_t index, const Slice& slice) {
  const DenseLayer& it = layer(index);
  DenseProgram program(wiring_.at(slice.node), it, it.name, slice.rows,
                       input_parts(spec_.model, index));
  std::vector<std::size_t> operands(it.operations.size());
  for (std::size_t k = 0; k < it.operations.size(); ++k)
    if (const auto& operand = it.operations[k].operand)
      operands[k] = home(index, *operand, slice.node, program.memory_of(k), slice.rows);
  const std::size_t input = place_input(index, slice);
  const bool all = it.has_product() || reduces_rows(it);
  const std::uint32_t first = all ? 0 : wiring_.at(slice.node).vectors(slice.rows.first);
  Work& work =
      work_
          .emplace(std::pair(index, slice.node),
                   Work{slice, std::move(program), input, std::move(operands), first, {}, {}, {}})
          .first->second;
  if (it.taps.dilation > 1) work.gathered = lines_.back();
}

// The last layer's columns, each with a line for sums to the node behind it. The last node has the
// rest of the layer, too.
void FeedForward::place_columns() {
  const std::size_t index = spec_.last - 1;
  const DenseLayer& it = layer(index);
  const RowRange rows{0, it.output};
  for (const auto& [node, columns] : spec_.columns) {
    const bool last = node == spec_.columns.back().node;
    DenseProgram program(wiring_.at(node), it, it.name, rows, input_parts(spec_.model, index),
                         DenseProgram::Share{columns, last});
    std::vector<std::size_t> operands(last ? it.operations.size() : 0);
    for (std::size_t k = 0; k < operands.size(); ++k)
      if (const auto& operand = it.operations[k].operand)
        operands[k] = home(index, *operand, node, program.memory_of(k), rows);
    const auto [area, first] = place_columns_input(node, columns);
    work_.emplace(
        std::pair(index, node),
        Work{{node, rows}, std::move(program), area, std::move(operands), first, {}, {}, {}});
  }
  for (std::size_t i = 0; i + 1 < spec_.columns.size(); ++i) {
    const std::size_t from = spec_.columns[i].node, to = spec_.columns[i + 1].node;
    const Wiring::Line line =
        wiring_.open_line(from, to, it.name + " sums", kElementsPerSum * it.output);
    work_.at({index, from}).sums_out = line.out_port;
    work_.at({index, to}).sums_in = line.in_port;
  }
}

// Registers for these columns alone, and for what comes in the same messages; where the node has all of
// the vector for another use, they are among those.
FeedForward::ColumnsInput FeedForward::place_columns_input(std::size_t node, RowRange columns) {
  const std::size_t index = spec_.last - 1;
  const std::vector<LayerInput>& inputs = layer(index).inputs;
  const ShardBuilder& builder = wiring_.at(node);
  if (inputs.size() == 1 && homes_.count({inputs[0], node}) > 0)
    return {home(index, inputs[0], node, Memory::kInitialVrf, columns),
            builder.vectors(columns.first)};
  struct Piece {
    LayerInput input;
    std::int64_t start = 0;  // of the vector's first element among the columns
    RowRange wanted;
  };
  std::vector<Piece> pieces;
  RowRange held = columns;
  std::int64_t start = 0;
  for (const LayerInput& input : inputs) {
    const std::int64_t size = std::int64_t{vectors_of(input, node)} * builder.native_dim();
    const std::int64_t first = std::max<std::int64_t>(0, columns.first - start);
    const RowRange wanted{first, std::min(size, columns.first + columns.count - start) - first};
    if (first < size && wanted.count > 0) {
      const RowRange all = with_messages(input, node, wanted);
      held = both(held, {start + all.first, all.count});
      pieces.push_back({input, start, wanted});
    }
    start += size;
  }
  const std::size_t area =
      add_area({node, Memory::kInitialVrf, builder.vectors(held.count), index, index});
  for (const Piece& piece : pieces) {
    homes_[{piece.input, node}].push_back(
        {area, (piece.start - held.first) / builder.native_dim(), piece.wanted});
    areas_[area].first = std::min(areas_[area].first, first_write(index, piece.input, node));
  }
  return {area, builder.vectors(columns.first - held.first)};
}

// Messages are written to registers whole. A host sends what is asked for, but only once to a node.
RowRange FeedForward::with_messages(const LayerInput& input, std::size_t node,
                                    RowRange wanted) const {
  const std::int64_t native_dim = wiring_.at(node).native_dim();
  if (homes_.count({input, node}) > 0 ||
      std::ranges::count(layer(spec_.last - 1).inputs, input) > 1)
    return {0, vectors_of(input, node) * native_dim};
  RowRange out = wanted;
  const auto add = [&](RowRange rows) {
    rows.count = tiles_along(rows.count, wiring_.at(node).native_dim()) * native_dim;
    if (overlap(rows, wanted)) out = both(out, rows);
  };
  if (made_here(input)) {
    for (const Slice& slice : spec_.slices[input.index - spec_.first]) add(slice.rows);
    return out;
  }
  std::int64_t row = 0;
  for (const Part& part : values_.at(input).parts)
    for (const Producer& producer : part.producers) {
      if (producer.node != kHostNode) add({row, producer.elements});
      row += tiles_along(producer.elements, wiring_.at(node).native_dim()) * native_dim;
    }
  return out;
}

// A product reads the whole vector, part behind part, as one range of registers. Without a product
// only the layer's own rows are read, unless it combines all of them.
std::size_t FeedForward::place_input(std::size_t index, const Slice& slice) {
  const DenseLayer& it = layer(index);
  if (it.taps.count > 1) return place_line(index, slice.node);
  const bool all = it.has_product() || reduces_rows(it);
  if (it.inputs.size() == 1)
    return home(index, it.inputs.front(), slice.node, Memory::kInitialVrf,
                all ? whole(it.inputs.front(), slice.node) : slice.rows);
  const std::size_t area = add_area({slice.node, Memory::kInitialVrf, 0, index, index});
  for (const LayerInput& input : it.inputs) {
    homes_[{input, slice.node}].push_back({area, areas_[area].vectors, whole(input, slice.node)});
    areas_[area].vectors += vectors_of(input, slice.node);
    areas_[area].first = std::min(areas_[area].first, first_write(index, input, slice.node));
  }
  return area;
}

// Registers of the layer's own, as they outlive a round. The area is what the product reads: the line,
// or, if it skips tokens, a place where those that it wants are side by side.
std::size_t FeedForward::place_line(std::size_t index, std::size_t node) {
  const DenseLayer& it = layer(index);
  const LayerInput& input = it.inputs.front();
  ShardBuilder& builder = wiring_.at(node);
  Line line{node, it.name, 0, vectors_of(input, node), it.taps};
  const auto length = static_cast<std::uint32_t>(it.taps.length());
  line.index = builder.reserve(Memory::kInitialVrf, length * line.vectors);
  builder.zero(Memory::kInitialVrf, line.index, length * line.vectors, it.taps.carried);
  const std::size_t area = add_area({node, Memory::kInitialVrf, length * line.vectors,
                                     first_write(index, input, node), index, line.index, false});
  homes_[{input, node}].push_back(
      {area, std::int64_t{length - 1} * line.vectors, whole(input, node)});
  lines_.push_back(line);
  if (it.taps.dilation == 1) return area;
  const auto taps = static_cast<std::uint32_t>(it.taps.count);
  return add_area({node, Memory::kInitialVrf, taps * line.vectors, index, index});
}

std::size_t FeedForward::add_area(Area area) {
  areas_.push_back(area);
  return areas_.size() - 1;
}

// All rows, with the padding between parts.
RowRange FeedForward::whole(const LayerInput& input, std::size_t node) {
  return {0, std::int64_t{vectors_of(input, node)} * wiring_.at(node).native_dim()};
}

std::uint32_t FeedForward::vectors_of(const LayerInput& input, std::size_t node) const {
  std::uint32_t vectors = 0;
  for (const std::int64_t part : parts_of(spec_.model, input))
    vectors += wiring_.at(node).vectors(part);
  return vectors;
}

// The layer in which a node's registers for a vector are first written: the one that makes rows of it
// there, or that reads it first, as messages are taken when they are needed.
std::size_t FeedForward::first_write(std::size_t index, const LayerInput& input,
                                     std::size_t node) const {
  return made_here(input) && work_.count({input.index, node}) > 0 ? input.index : index;
}

// The registers in which a node has a vector for one kind of use; a vector of an earlier pass that
// lies on the node as a whole stays where it is.
std::size_t FeedForward::home(std::size_t index, const LayerInput& input, std::size_t node,
                              Memory memory, RowRange wanted) {
  std::vector<Home>& homes = homes_[{input, node}];
  const auto known = std::ranges::find_if(homes, [&](const Home& it) {
    return areas_[it.area].memory == memory && it.offset == 0 &&
           areas_[it.area].vectors == vectors_of(input, node);
  });
  if (known != homes.end()) {
    known->wanted = both(known->wanted, wanted);
    areas_[known->area].last = index;
    return known->area;
  }
  Area area{node, memory, vectors_of(input, node), first_write(index, input, node), index};
  if (memory == Memory::kInitialVrf && !made_here(input)) {
    const Value& value = values_.at(input);
    const auto region = value.region.find(node);
    const bool all = std::ranges::all_of(
        value.parts, [&](const Part& part) { return part.complete.count(node) > 0; });
    if (region != value.region.end() && all) {
      area.index = region->second;
      area.borrowed = false;
    }
  }
  homes.push_back({add_area(area), 0, wanted});
  return homes.back().area;
}

// In the order of layers, so that what one layer has read last another may write. A layer never
// writes what it reads itself. All homes of a vector on a node are written at once.
void FeedForward::give_registers() {
  for (const auto& [at, homes] : homes_) {
    std::size_t earliest = spec_.last;
    for (const Home& it : homes) earliest = std::min(earliest, areas_[it.area].first);
    for (const Home& it : homes) areas_[it.area].first = std::min(areas_[it.area].first, earliest);
  }
  for (std::size_t index = spec_.first; index < spec_.last; ++index) {
    for (Area& area : areas_)
      if (area.borrowed && area.first == index)
        area.index = wiring_.at(area.node).borrow(area.memory, area.vectors);
    for (const Area& area : areas_)
      if (area.borrowed && area.last == index)
        wiring_.at(area.node).give_back(area.memory, area.index, area.vectors);
  }
  for (auto& [key, work] : work_) {
    const ShardBuilder& builder = wiring_.at(key.second);
    const DenseLayer& it = layer(key.first);
    for (std::size_t k = 0; k < work.operands.size(); ++k)
      if (it.operations[k].operand)
        work.program.set_operand(
            k, areas_[work.operands[k]].index + builder.vectors(work.slice.rows.first));
  }
}

// Where `rows` of a vector go on a node.
std::vector<Registers> FeedForward::homes_of(const At& at, RowRange rows, std::size_t node) {
  std::vector<Registers> out;
  const auto found = homes_.find(at);
  if (found == homes_.end()) return out;
  for (const Home& it : found->second)
    if (overlap(it.wanted, rows))
      out.push_back({areas_[it.area].memory,
                     static_cast<std::uint32_t>(areas_[it.area].index + it.offset +
                                                wiring_.at(node).vectors(rows.first))});
  return out;
}

// What a node wants of `rows` of a vector, from one native-vector border to another.
RowRange FeedForward::wanted_of(const At& at, RowRange rows) const {
  const std::int64_t native_dim = wiring_.at(at.second).native_dim();
  const std::int64_t end = rows.first + rows.count;
  RowRange out{end, 0};
  for (const Home& it : homes_.at(at)) {
    const std::int64_t first = std::max(rows.first, it.wanted.first / native_dim * native_dim);
    const std::int64_t last = std::min(end, it.wanted.first + it.wanted.count);
    if (first >= last) continue;
    out = out.count == 0 ? RowRange{first, last - first} : both(out, {first, last - first});
  }
  return out;
}

// Rows that one node makes and another one reads become a message; one port serves all readers,
// those behind these layers included.
void FeedForward::connect_made(std::size_t index) {
  const LayerInput made{LayerInput::From::kLayer, index, LayerInput::What::kEvery};
  const std::vector<Slice>& slices = spec_.slices[index - spec_.first];
  for (std::size_t turn = 0; turn < slices.size(); ++turn) {
    const Slice& slice = slices[turn];
    Work& work = work_.at({index, slice.node});
    const auto open = [&] {
      if (!work.out_port)
        work.out_port = wiring_.at(slice.node).out_port(layer(index).name, slice.rows.count, turn);
      return *work.out_port;
    };
    if (spec_.leaves[index - spec_.first]) open();
    for (const std::size_t node : spec_.nodes) {
      const At at{made, node};
      const std::vector<Registers> to = homes_of(at, slice.rows, node);
      if (node == slice.node || to.empty()) continue;
      ShardBuilder& reader = wiring_.at(node);
      const std::uint16_t port = reader.in_port(
          layer(index).name + " from " + wiring_.at(slice.node).node(), slice.rows.count);
      wiring_.at(slice.node).connect(open(), reader.node(), port);
      arrivals_[at].moves.push_back({port,
                                     to.front().index,
                                     reader.vectors(slice.rows.count),
                                     {},
                                     to.front().memory,
                                     {to.begin() + 1, to.end()}});
    }
  }
}

// What lies in registers of the node is copied to further homes; the rest comes through ports.
void FeedForward::connect_outside(const LayerInput& input, std::size_t node) {
  const Value& value = values_.at(input);
  Arrivals& arrivals = arrivals_[{input, node}];
  const auto region = value.region.find(node);
  std::int64_t row = 0;  // in elements, parts padded to native vectors
  const ShardBuilder& builder = wiring_.at(node);
  for (const Part& part : value.parts)
    for (const Producer& producer : part.producers) {
      const RowRange rows{row, producer.elements};
      const std::uint32_t vectors = builder.vectors(producer.elements);
      std::vector<Registers> to = homes_of({input, node}, rows, node);
      row += std::int64_t{vectors} * builder.native_dim();
      if (to.empty()) continue;
      const bool here =
          region != value.region.end() && (part.complete.count(node) > 0 || producer.node == node);
      if (here) {
        const Registers from{Memory::kInitialVrf, region->second + builder.vectors(rows.first)};
        std::erase(to, from);
        if (!to.empty()) arrivals.copies.push_back({from.index, vectors, std::move(to)});
        continue;
      }
      const RowRange asked = producer.node == kHostNode ? wanted_of({input, node}, rows) : rows;
      const bool whole = asked.count == rows.count;
      if (!whole) to = homes_of({input, node}, asked, node);
      const std::uint16_t port =
          whole ? wiring_.connect(value, part, producer, node, false)
                : wiring_.connect_rows(value, producer, {asked.first - rows.first, asked.count},
                                       node);
      arrivals.moves.push_back({port,
                                to.front().index,
                                builder.vectors(asked.count),
                                {},
                                to.front().memory,
                                {to.begin() + 1, to.end()}});
    }
}

void FeedForward::emit(std::size_t node) {
  std::set<LayerInput> arrived;
  bool any = false;
  emit_lines(node);
  for (std::size_t index = spec_.first; index < spec_.last; ++index) {
    const auto work = work_.find({index, node});
    if (work == work_.end()) continue;
    any = true;
    for (const LayerInput& input : all_inputs(layer(index)))
      if (arrived.insert(input).second) emit_arrivals({input, node}, layer(index).name + ".in");
    emit_layer(index, work->second);
  }
  const Rounds rounds = rounds_of(spec_.model, spec_.first);
  if (any) wiring_.at(node).end_segment(rounds.fixed, rounds.per_step);
}

void FeedForward::emit_arrivals(const At& at, const std::string& label) {
  const auto found = arrivals_.find(at);
  if (found == arrivals_.end()) return;
  for (const Arrivals::Copy& copy : found->second.copies) {
    ChainWriter chain = wiring_.at(at.second).chain(label, copy.vectors);
    chain.read(copy.from);
    for (const Registers& to : copy.to) chain.write(to.memory, to.index);
  }
  wiring_.emit(at.second, label, found->second.moves);
}

// All are read before the first is written, so one move takes each token a place further.
void FeedForward::emit_lines(std::size_t node) {
  for (const Line& line : lines_) {
    if (line.node != node) continue;
    const auto moved = static_cast<std::uint32_t>(line.taps.length() - 1) * line.vectors;
    wiring_.at(node)
        .chain(line.label + ".line", moved)
        .read(line.index + line.vectors)
        .write(Memory::kInitialVrf, line.index);
  }
}

void FeedForward::emit_layer(std::size_t index, Work& work) {
  const DenseLayer& it = layer(index);
  const std::size_t node = work.slice.node;
  ShardBuilder& builder = wiring_.at(node);
  if (work.gathered)
    for (std::uint32_t tap = 0; tap < it.taps.count; ++tap) {
      const Line& line = *work.gathered;
      const auto token = tap * static_cast<std::uint32_t>(it.taps.dilation);
      builder.chain(it.name + ".tap", line.vectors)
          .read(line.index + token * line.vectors)
          .write(Memory::kInitialVrf, areas_[work.input].index + tap * line.vectors);
    }
  ChainWriter chain =
      work.program.emit(builder, it.name, areas_[work.input].index + work.first, work.sums_in);
  if (work.sums_out) {
    chain.send_sums(*work.sums_out);
    return;
  }
  const LayerInput made{LayerInput::From::kLayer, index, LayerInput::What::kEvery};
  for (const Registers& to : homes_of({made, node}, work.slice.rows, node))
    chain.write(to.memory, to.index);
  if (work.out_port) chain.send(*work.out_port);
}

void FeedForward::publish() {
  const Rounds rounds = rounds_of(spec_.model, spec_.first);
  for (std::size_t index = spec_.first; index < spec_.last; ++index) {
    Value value{
        layer(index).name, rounds != Rounds{1, 0}, {{layer(index).output, false, {}, {}}}, {}};
    for (const Slice& slice : spec_.slices[index - spec_.first]) {
      const Work& work = work_.at({index, slice.node});
      value.parts[0].producers.push_back(
          {slice.node, slice.rows.count, work.out_port.value_or(std::uint16_t{0})});
    }
    values_.emplace(LayerInput{LayerInput::From::kLayer, index, LayerInput::What::kEvery},
                    std::move(value));
  }
}

}  // namespace soliton
