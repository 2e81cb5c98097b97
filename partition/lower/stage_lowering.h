// Lowers one stage after the other: it turns placed layers into passes and single chains and
// connects them.
#pragma once

#include "partition/lower/feed_forward.h"
#include "partition/lower/pass.h"

namespace soliton {

class StageLowering {
 public:
  StageLowering(const Model& model, Wiring& wiring, const Stage& stage,
                const StagePlacement& placement)
      : model_(model), wiring_(wiring), stage_(stage), placement_(placement) {}

  // Emits all layers of the stage for the input vector `input`; returns their output.
  Value run(Value input);
  // The same for a model that is no chain: adds what the layers make to `values`.
  void run(Values& values);

 private:
  const Layer& layer(std::size_t index) const { return model_.layers[index]; }
  const std::vector<Slice>& slices(std::size_t index, std::size_t direction = 0) const {
    return placement_.of(stage_, index, direction);
  }
  bool next_runs_once(std::size_t index) const {
    return index + 1 < stage_.last && runs_once(model_, index + 1);
  }
  // End of the run of layers that begins at `first` and can work on the same step in one order of
  // time.
  std::size_t run_end(std::size_t first, bool reverse) const;
  // Whether the first recurrent layer from `first` on has a single direction, from the last step to
  // the first.
  bool runs_reverse(std::size_t first) const;
  PassLayer pass_layer(std::size_t index, std::size_t direction) const;
  PassOutput output_of(std::size_t index, std::size_t direction) const;
  void emit(Pass& pass);
  // The input of layer `index` as each node that reads it receives it.
  std::map<std::size_t, Feed> open_feeds(std::size_t index, const Value& input,
                                         const std::set<std::size_t>& nodes, bool reverse);

  // Of a model that is no chain. Who reads a value outside the layers up to `end` ...
  struct Readers {
    std::set<std::size_t> nodes;  // of this stage, for vectors of the last step
    bool others = false;
  };
  Readers readers_behind(const LayerInput& value, std::size_t end) const;
  std::size_t graph_run_end(std::size_t first) const;
  std::size_t feed_forward_end(std::size_t first) const;
  void lower_graph_run(std::size_t first, std::size_t last, Values& values);
  void lower_graph_bidirectional(std::size_t index, Values& values);
  void lower_feed_forward(std::size_t first, std::size_t last, Values& values);
  Value input_value(std::size_t index, const Values& values) const;
  PassOutput graph_output(std::size_t index, const std::set<std::size_t>& nodes) const;

  Value lower_run(std::size_t first, std::size_t last, const Value& input);
  Value lower_bidirectional(std::size_t index, const Value& input);
  Value lower_once(std::size_t index, const Value& input);
  Part emit_once(std::size_t index, const Value& input,
                 std::map<std::size_t, std::uint32_t>& region);

  const Model& model_;
  Wiring& wiring_;
  const Stage& stage_;
  const StagePlacement& placement_;
};

}  // namespace soliton
