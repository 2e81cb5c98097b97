#include "partition/lower/stage_lowering.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {

// Layers that can work on the same step become one pass. Two kinds end it: a bidirectional layer,
// whose reverse direction starts with the last step, and a dense layer that runs once, on the state
// after the last step.
Value StageLowering::run(Value value) {
  std::size_t index = stage_.first;
  while (index < stage_.last) {
    if (is_bidirectional(layer(index))) {
      value = lower_bidirectional(index, value);
      ++index;
    } else if (runs_once(model_, index)) {
      value = lower_once(index, value);
      ++index;
    } else {
      const std::size_t last = run_end(index, runs_reverse(index));
      value = lower_run(index, last, value);
      index = last;
    }
  }
  return value;
}

bool StageLowering::runs_reverse(std::size_t first) const {
  for (std::size_t index = first; index < stage_.last; ++index) {
    const auto* recurrent = std::get_if<RecurrentLayer>(&layer(index));
    if (recurrent != nullptr) return recurrent->directions.size() == 1 && recurrent->reverse;
  }
  return false;
}

std::size_t StageLowering::run_end(std::size_t first, bool reverse) const {
  std::size_t last = first;
  for (; last < stage_.last && !runs_once(model_, last); ++last) {
    const auto* recurrent = std::get_if<RecurrentLayer>(&layer(last));
    if (recurrent != nullptr &&
        (recurrent->directions.size() == 2 || recurrent->reverse != reverse))
      break;
  }
  return last;
}

PassLayer StageLowering::pass_layer(std::size_t index, std::size_t direction) const {
  std::string label = layer_name(layer(index));
  if (is_bidirectional(layer(index))) label += direction == 0 ? ".forward" : ".reverse";
  return {&layer(index), std::move(label), direction, slices(index, direction),
          input_parts(model_, index)};
}

// If the next layer runs once, its nodes need only the vector of the last step. Those that took
// part in the pass find it in their registers; the others get a message.
PassOutput StageLowering::output_of(std::size_t index, std::size_t direction) const {
  PassOutput out;
  out.sequence = sequence_after(model_, index);
  if (!next_runs_once(index)) {
    out.leaves = true;
    return out;
  }
  const std::vector<std::size_t> all = main_nodes(stage_);
  std::set<std::size_t> nodes{all.begin(), all.end()};
  if (is_bidirectional(layer(index))) nodes = nodes_of(slices(index, direction));
  for (const std::size_t owner : nodes_of(slices(index + 1))) {
    if (nodes.count(owner) > 0) {
      out.readers.insert(owner);
    } else {
      out.leaves = true;
    }
  }
  return out;
}

void StageLowering::emit(Pass& pass) {
  for (const std::size_t node : stage_.nodes) pass.emit(node);
}

std::map<std::size_t, Feed> StageLowering::open_feeds(std::size_t index, const Value& input,
                                                      const std::set<std::size_t>& nodes,
                                                      bool reverse) {
  if (stage_.scatter_input && index == stage_.first && nodes.size() > 1)
    return wiring_.open_scattered(input, {nodes.begin(), nodes.end()}, reverse);
  std::map<std::size_t, Feed> feeds;
  for (const std::size_t node : nodes) feeds[node] = wiring_.open_feed(input, node, reverse);
  return feeds;
}

// Vectors from another stage arrive at the rate of that stage. If this stage has several layers, a
// read of the next vector right behind the first of them could then stall the others, so it comes
// last (PassSpec::early_input).
Value StageLowering::lower_run(std::size_t first, std::size_t last, const Value& input) {
  PassSpec spec;
  for (std::size_t index = first; index < last; ++index)
    spec.layers.push_back(pass_layer(index, 0));
  spec.input_label = spec.layers.front().label + ".in";
  const bool from_outside = first == stage_.first && first > 0;
  spec.early_input = !from_outside || last - first == 1;
  spec.output = output_of(last - 1, 0);
  spec.reverse = runs_reverse(first);
  if (first == stage_.first) spec.input_slices = placement_.input_slices;
  const std::vector<Slice>& readers = spec.input_slices.empty() ? slices(first) : spec.input_slices;
  spec.feeds = open_feeds(first, input, nodes_of(readers), spec.reverse);
  Pass pass(wiring_, std::move(spec));
  emit(pass);
  Value out{layer_name(layer(last - 1)), sequence_after(model_, last - 1), {pass.part()}, {}};
  for (const std::size_t node : out.parts[0].complete) out.region[node] = pass.region(node);
  return out;
}

// Both directions are built before either is emitted: with one group of nodes the reverse pass gets
// its input from the forward pass, which sends every vector to itself through a loop-back port that
// is read last message first. A next layer that runs once reads the two final states as one vector,
// so the halves are placed side by side.
Value StageLowering::lower_bidirectional(std::size_t index, const Value& input) {
  Value out{layer_name(layer(index)), sequence_after(model_, index), {}, {}};
  const std::int64_t hidden = output_rows(layer(index));
  if (next_runs_once(index)) {
    for (const std::size_t node : nodes_of(slices(index + 1))) {
      ShardBuilder& builder = wiring_.at(node);
      out.region[node] = builder.reserve(Memory::kInitialVrf, 2 * builder.vectors(hidden));
    }
  }
  PassSpec specs[2];
  for (std::size_t direction = 0; direction < 2; ++direction) {
    PassSpec& spec = specs[direction];
    spec.layers = {pass_layer(index, direction)};
    spec.reverse = direction == 1;
    spec.input_label = spec.layers[0].label + ".in";
    spec.output = output_of(index, direction);
    for (const std::size_t node : spec.output.readers) {
      spec.output.region[node] = out.region[node] + static_cast<std::uint32_t>(direction) *
                                                        wiring_.at(node).vectors(hidden);
    }
    const std::set<std::size_t> nodes = nodes_of(slices(index, direction));
    if (direction == 0 || stage_.split_directions) {
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
  out.parts = {forward.part(), reverse.part()};
  return out;
}

Value StageLowering::lower_once(std::size_t index, const Value& input) {
  Value out{layer_name(layer(index)), false, {}, {}};
  out.parts.push_back(emit_once(index, input, out.region));
  return out;
}

// A result that is needed only by the node that computes it never becomes a message.
Part StageLowering::emit_once(std::size_t index, const Value& input,
                              std::map<std::size_t, std::uint32_t>& region) {
  const auto& dense = std::get<DenseLayer>(layer(index));
  const std::string label = layer_name(layer(index));
  const std::set<std::size_t> next =
      next_runs_once(index) ? nodes_of(slices(index + 1)) : std::set<std::size_t>{};
  Part part{dense.output, false, {}, {}};
  for (const Slice& slice : slices(index)) {
    ShardBuilder& builder = wiring_.at(slice.node);
    const DenseProgram program(builder, dense, label, slice.rows, input_parts(model_, index));
    const Feed feed = wiring_.open_once(input, slice.node);
    wiring_.emit(slice.node, label + ".in", feed.moves);
    Producer producer{slice.node, slice.rows.count, 0};
    const bool stays = next.size() == 1 && *next.begin() == slice.node;
    if (!stays) producer.out_port = builder.out_port(label + " out", slice.rows.count);
    ChainWriter chain = program.emit(builder, label, feed.region);
    if (next.count(slice.node) > 0) {
      region[slice.node] = builder.reserve(Memory::kInitialVrf, builder.vectors(dense.output));
      chain.write(Memory::kInitialVrf, region[slice.node] + builder.vectors(slice.rows.first));
    }
    if (!stays) chain.send(producer.out_port);
    builder.end_segment(1, 0);
    part.producers.push_back(producer);
  }
  return part;
}

}  // namespace soliton
