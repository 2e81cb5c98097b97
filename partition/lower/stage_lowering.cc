#include "partition/lower/stage_lowering.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {
namespace {

using What = LayerInput::What;

LayerInput of_layer(std::size_t index, What what = What::kEvery) {
  return {LayerInput::From::kLayer, index, what};
}

const RecurrentLayer* as_recurrent(const Layer& layer) {
  return std::get_if<RecurrentLayer>(&layer);
}

}  // namespace

// Layers that can work on the same step become one pass, whose loop is a pipeline over the steps; a
// bidirectional layer makes two, and layers without recurrence a loop of their own.
void StageLowering::run(Values& values) {
  std::size_t index = stage_.first;
  while (index < stage_.last) {
    std::size_t end = index + 1;
    if (is_bidirectional(layer(index))) {
      lower_bidirectional(index, values);
    } else if (end = pass_end(index); recurrent_in(index, end) != nullptr) {
      lower_pass(index, end, values);
    } else {
      end = feed_forward_end(index);
      lower_feed_forward(index, end, values);
    }
    index = end;
  }
}

PassLayer StageLowering::pass_layer(std::size_t index, std::size_t direction) const {
  std::string label = layer_name(layer(index));
  if (is_bidirectional(layer(index))) label += direction == 0 ? ".forward" : ".reverse";
  return {&layer(index), std::move(label), direction, slices(index, direction),
          input_parts(model_, index)};
}

const RecurrentLayer* StageLowering::recurrent_in(std::size_t first, std::size_t last) const {
  for (std::size_t index = first; index < last; ++index)
    if (const RecurrentLayer* it = as_recurrent(layer(index))) return it;
  return nullptr;
}

void StageLowering::emit(Pass& pass) {
  for (const std::size_t node : stage_.nodes) pass.emit(node);
}

std::map<std::size_t, Feed> StageLowering::open_feeds(std::size_t index, const Value& input,
                                                      const std::set<std::size_t>& nodes,
                                                      bool reverse) {
  if (stage_.option.scatter_input && index == stage_.first && nodes.size() > 1)
    return wiring_.open_scattered(input, {nodes.begin(), nodes.end()}, reverse);
  std::map<std::size_t, Feed> feeds;
  for (const std::size_t node : nodes) feeds[node] = wiring_.open_feed(input, node, reverse);
  return feeds;
}

// Only the vector of a last step can stay in registers: a sequence is read in a loop of its own.
StageLowering::Readers StageLowering::readers_behind(const LayerInput& value,
                                                     std::size_t end) const {
  Readers out;
  out.others = readers_.leaves(value);
  for (const std::size_t index : readers_.layers(value)) {
    if (index < end) continue;
    if (index >= stage_.last || value.what != What::kLast) {
      out.others = true;
      continue;
    }
    for (const auto& direction : placement_.slices[index - stage_.first])
      out.nodes.merge(nodes_of(direction));
  }
  return out;
}

// Whether nothing but its vector comes to the layer, and it may be in a pass with others.
bool StageLowering::in_pass(std::size_t index) const {
  const auto* dense = std::get_if<DenseLayer>(&layer(index));
  if (is_bidirectional(layer(index))) return false;
  if (dense != nullptr && (!dense->has_product() || dense->taps.count > 1)) return false;
  return dense == nullptr || all_inputs(layer(index)) == layer_inputs(layer(index));
}

// A pass goes on with the next layer if that reads nothing but the one before, which nobody else
// reads.
std::size_t StageLowering::pass_end(std::size_t first) const {
  std::size_t end = first + 1;
  if (!in_pass(first)) return end;
  const RecurrentLayer* turn = as_recurrent(layer(first));  // which says the order of steps
  for (; end < stage_.last; ++end) {
    const RecurrentLayer* next = as_recurrent(layer(end));
    if (!in_pass(end) || all_inputs(layer(end)) != std::vector{of_layer(end - 1)}) break;
    if (rounds_of(model_, end) != rounds_of(model_, first)) break;
    if (next != nullptr && turn != nullptr && next->reverse != turn->reverse) break;
    if (turn == nullptr) turn = next;
    bool read = false;
    for (const What what : {What::kEvery, What::kLast, What::kCell}) {
      const Readers behind = readers_behind(of_layer(end - 1, what), end + 1);
      read = read || behind.others || !behind.nodes.empty();
    }
    if (read) break;
  }
  return end;
}

// A loop must not wait for what CPU parts make of its own results.
std::size_t StageLowering::feed_forward_end(std::size_t first) const {
  std::size_t end = first + 1;
  for (; end < stage_.last; ++end) {
    if (as_recurrent(layer(end)) != nullptr) break;
    if (rounds_of(model_, end) != rounds_of(model_, first)) break;
    const std::vector<LayerInput> inputs = all_inputs(layer(end));
    if (std::ranges::any_of(inputs, [&](const LayerInput& input) {
          return input.from == LayerInput::From::kHost && model_.sources[input.index].after > first;
        }))
      break;
  }
  return end;
}

// The parts of all that a layer reads, as one vector.
Value StageLowering::input_value(std::size_t index, const Values& values) const {
  Value out{layer_name(layer(index)) + ".in", false, {}, {}};
  for (const LayerInput& input : layer_inputs(layer(index))) {
    const Value& value = values.at(input);
    out.sequence = out.sequence || value.sequence;
    out.parts.insert(out.parts.end(), value.parts.begin(), value.parts.end());
  }
  return out;
}

// `nodes`: those of the pass, which may keep the last step's vector for layers behind it.
PassOutput StageLowering::output_of(std::size_t index, const std::set<std::size_t>& nodes) const {
  PassOutput out;
  out.sequence = readers_behind(of_layer(index), index + 1).others;
  out.leaves = out.sequence;
  const Readers last = readers_behind(of_layer(index, What::kLast), index + 1);
  bool away = last.others;
  for (const std::size_t node : last.nodes)
    if (nodes.count(node) > 0)
      out.readers.insert(node);
    else
      away = true;
  out.last_leaves = away && out.sequence;
  out.leaves = out.leaves || away;
  out.cell_leaves = readers_behind(of_layer(index, What::kCell), index + 1).others;
  return out;
}

// Vectors from another stage arrive at the rate of that stage. If this stage has several layers, a
// read of the next vector right behind the first of them could then stall the others, so it comes
// last (PassSpec::early_input).
void StageLowering::lower_pass(std::size_t first, std::size_t last, Values& values) {
  PassSpec spec;
  for (std::size_t index = first; index < last; ++index)
    spec.layers.push_back(pass_layer(index, 0));
  spec.input_label = spec.layers.front().label + ".in";
  const bool from_outside =
      std::ranges::any_of(layer_inputs(layer(first)), [&](const LayerInput& input) {
        return input.from == LayerInput::From::kLayer && input.index < stage_.first;
      });
  spec.early_input = !from_outside || last - first == 1;
  spec.rounds = rounds_of(model_, first);
  const std::vector<std::size_t> all = main_nodes(stage_);
  spec.output = output_of(last - 1, {all.begin(), all.end()});
  spec.reverse = recurrent_in(first, last)->reverse;
  if (first == stage_.first) spec.input_slices = placement_.input_slices;
  const std::vector<Slice>& readers = spec.input_slices.empty() ? slices(first) : spec.input_slices;
  spec.feeds = open_feeds(first, input_value(first, values), nodes_of(readers), spec.reverse);
  Pass pass(wiring_, std::move(spec));
  emit(pass);
  const std::string& name = layer_name(layer(last - 1));
  values[of_layer(last - 1)] = {name, true, {pass.part()}, {}};
  Value& end = values[of_layer(last - 1, What::kLast)];
  end = {name + " last", false, {pass.last_part()}, {}};
  for (const std::size_t node : end.parts[0].complete) end.region[node] = pass.region(node);
  values[of_layer(last - 1, What::kCell)] = {name + " cell", false, {pass.cell_part()}, {}};
}

// Both directions are built before either is emitted: with one group of nodes the reverse pass gets
// its input from the forward pass, which sends every vector to itself through a loop-back port that
// is read last message first.
void StageLowering::lower_bidirectional(std::size_t index, Values& values) {
  const Value input = input_value(index, values);
  PassSpec specs[2];
  for (std::size_t direction = 0; direction < 2; ++direction) {
    PassSpec& spec = specs[direction];
    spec.layers = {pass_layer(index, direction)};
    spec.reverse = direction == 1;
    spec.rounds = rounds_of(model_, index);
    spec.input_label = spec.layers[0].label + ".in";
    spec.output = output_of(index, {});
    const std::set<std::size_t> nodes = nodes_of(slices(index, direction));
    if (direction == 0 || stage_.option.split_directions) {
      spec.feeds = open_feeds(index, input, nodes, direction == 1);
      continue;
    }
    for (const std::size_t node : nodes)
      spec.feeds[node] = wiring_.loop_feed(specs[0].feeds.at(node), input.name, node);
  }
  Pass forward(wiring_, std::move(specs[0]));
  Pass reverse(wiring_, std::move(specs[1]));
  emit(forward);
  emit(reverse);
  const std::string& name = layer_name(layer(index));
  values[of_layer(index)] = {name, true, {forward.part(), reverse.part()}, {}};
  values[of_layer(index, What::kLast)] = {
      name + " last", false, {forward.last_part(), reverse.last_part()}, {}};
  values[of_layer(index, What::kCell)] = {
      name + " cell", false, {forward.cell_part(), reverse.cell_part()}, {}};
}

void StageLowering::lower_feed_forward(std::size_t first, std::size_t last, Values& values) {
  FeedForward::Spec spec{model_, first, last, {}, {}, {}, stage_.nodes};
  if (last == stage_.last) spec.columns = placement_.columns;
  for (std::size_t index = first; index < last; ++index) {
    spec.slices.push_back(slices(index));
    spec.leaves.push_back(readers_behind(of_layer(index), last).others);
  }
  FeedForward(wiring_, values, std::move(spec)).run();
}

}  // namespace soliton
