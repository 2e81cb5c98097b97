// Lowers one stage after the other: it turns placed layers into passes of recurrent layers and loops of
// layers between them, and connects these.
#pragma once

#include "partition/lower/feed_forward.h"
#include "partition/lower/pass.h"

namespace soliton {

class StageLowering {
 public:
  StageLowering(const LayerGraph& model, const LayerReaders& readers, Wiring& wiring,
                const Stage& stage, const StagePlacement& placement)
      : model_(model), readers_(readers), wiring_(wiring), stage_(stage), placement_(placement) {}

  // Emits all layers of the stage, and adds what they make to `values`.
  void run(Values& values);

 private:
  const Layer& layer(std::size_t index) const { return model_.layers[index]; }
  const std::vector<Slice>& slices(std::size_t index, std::size_t direction = 0) const {
    return placement_.of(stage_, index, direction);
  }
  // The first recurrent layer of [first, last); null if there is none.
  const RecurrentLayer* recurrent_in(std::size_t first, std::size_t last) const;
  bool in_pass(std::size_t index) const;
  std::size_t pass_end(std::size_t first) const;
  std::size_t feed_forward_end(std::size_t first) const;
  PassLayer pass_layer(std::size_t index, std::size_t direction) const;
  // Who reads a value outside the layers up to `end`.
  struct Readers {
    std::set<std::size_t> nodes;  // of this stage, for vectors of the last step
    bool others = false;
  };
  Readers readers_behind(const LayerInput& value, std::size_t end) const;
  Value input_value(std::size_t index, const Values& values) const;
  PassOutput output_of(std::size_t index, const std::set<std::size_t>& nodes) const;
  // The input of layer `index` as each node that reads it receives it.
  std::map<std::size_t, Feed> open_feeds(std::size_t index, const Value& input,
                                         const std::set<std::size_t>& nodes, bool reverse);
  void lower_pass(std::size_t first, std::size_t last, Values& values);
  void lower_bidirectional(std::size_t index, Values& values);
  void lower_feed_forward(std::size_t first, std::size_t last, Values& values);
  void emit(Pass& pass);

  const LayerGraph& model_;
  const LayerReaders& readers_;
  Wiring& wiring_;
  const Stage& stage_;
  const StagePlacement& placement_;
};

}  // namespace soliton
