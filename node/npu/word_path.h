// How vectors go through a device that hands them over word by word, a native vector being a word
// (docs/timing.md). It is the rule for programs without recurrence; what a recurrence takes was
// measured as a whole, with all that its next input does to it.
//
//   load       The loader moves one word after the other, in program order: the words of an input,
//              and results on their way back to the registers. The matrix unit has an input
//              `load_cycles` behind its last word.
//   product    Tile rows are taken up in groups of `word_rows`, the last group with up to nearly
//              twice as many. A group goes through the tile columns; in the last one a row leaves
//              each beat. Fewer rows take as long as one group.
//   behind it  A row's word goes by the multifunction units when those before it have, in
//              `word_cycles`, and is in its registers `word_depth_cycles` later.
//   a batch    goes through in passes, as many as it takes. The loader is in order: the input of a
//              pass is loaded when the results of the pass before are back.
#pragma once

#include <cstdint>
#include <vector>

#include "node/npu/compiled_program.h"
#include "node/npu/moment.h"

namespace soliton {

class WordPath {
 public:
  WordPath(const Shard& shard, const CompiledProgram& program);

  // Begins a request whose lanes take so many passes.
  void begin(Moment start, Ticks passes);
  // When the matrix unit has `vectors` of an input that could be loaded from `from` on, in one pass.
  Moment load(Moment from, std::uint32_t vectors);
  // The input of the first pass is in these registers; those of the others are loaded when a product
  // asks for them.
  void keep_for_later(VectorRange registers);
  // How many of the registers wait for the inputs of further passes; they no longer do.
  std::uint32_t take_kept(VectorRange registers);
  // The result of a product whose slot begins at `start`, in one pass.
  Moment product(Moment start, const CompiledChain& chain);
  // The result of a chain without product that is computed at `result`.
  Moment vectors(Moment result, std::uint32_t rows);
  // When the loader is done with all that it has been given.
  Moment loaded() const { return loader_; }
  Ticks passes() const { return passes_; }

 private:
  Ticks word_;
  Ticks beat_;  // of one tile row and the engines' next tile columns
  Ticks depth_;
  Ticks load_;
  std::int64_t group_;
  std::int64_t engines_;  // that share the tile columns
  Ticks passes_ = 1;
  Moment loader_;  // free from here on
  Moment units_;   // the units behind the matrix unit: likewise
  std::vector<bool> kept_;
};

}  // namespace soliton
